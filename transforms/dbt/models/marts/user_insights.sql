{% set as_of = var('as_of', none) or var('as_of_date', none) or run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') %}
{% set columns = [
    'as_of', 'total_tasks', 'open_tasks', 'completed_tasks', 'overdue_tasks', 'completion_rate_pct',
    'current_streak_days', 'longest_streak_days', 'cycle_time_p50_hours', 'cycle_time_p90_hours', 'by_category',
    'by_priority', 'weekly', 'time_zone', 'valid_until', 'merged_at'
] %}
{#- A past day is worked out as of its end. -#}
{% set is_past_day = var('as_of_date', none) and not var('as_of', none) %}
{% set instant = "timestamp '" ~ as_of ~ (' 23:59:59.999999' if is_past_day else '') ~ "'" %}
{#- Overdue tasks, streaks and weeks are other ones on the next day: rows of another day are due as a whole. -#}
{% set of_another_day = 'select count(*) from ' ~ this ~ ' where cast(as_of as date) != ' ~ as_of_date() %}
{% set followed = high_water_mark(
    'select count(*) from ' ~ this ~ ' where cast(as_of as date) = ' ~ as_of_date()
    ~ ' and user_id not in (select user_id from ' ~ ref('int_users') ~ ' where merged_at > {mark})',
    'select count(*) from ' ~ ref('int_users') ~ ' where merged_at <= {mark}',
    erased_users(),
    lately=('(' ~ of_another_day ~ ') + ' ~ compared_events(), '0')
) %}
{% set mark = followed.mark %}
{% set earliest = "timestamp '" ~ (mark or '1970-01-01 00:00:00') ~ "'" %}
{% set changed_users -%}
    select user_id from {{ ref('stg_tasks') }} where merged_at > {{ utc(mark) }}
    union distinct
    select user_id from {{ ref('int_user_changes') }} where merged_at > timestamp '{{ mark }}'
    union distinct
    select user_id from {{ this }} where valid_until <= {{ instant }}
{%- endset %}
{% set listed = changed_clocks(changed_users) if mark else none %}
with

-- Both tables have all of silver up to here: a commit may have come between their builds.
followed as (
    select
        cast(
            least(
                (
                    select coalesce(max(merged_at), {{ earliest }})
                    from {{ ref('int_task_states') }}
                    where merged_at >= {{ earliest }}
                ),
                (
                    select coalesce(max(merged_at), {{ earliest }})
                    from {{ ref('int_user_changes') }}
                    where merged_at >= {{ earliest }}
                )
            ) as timestamp(6)
        ) as merged_at
),

users as (
    {% if listed and listed.clocks -%}
        select
            user_id,
            time_zone
        from (values {{ listed.clocks | join(', ') }}) as users (user_id, time_zone)
    {%- elif listed -%}
        select
            cast(null as varchar) as user_id,
            cast(null as varchar) as time_zone
        where false
    {%- else -%}
        select
            users.user_id,
            coalesce(profiles.time_zone, 'UTC') as time_zone
        from {{ ref('int_users') }} as users
        left join {{ ref('stg_users') }} as profiles on users.user_id = profiles.user_id
        {% if mark -%}
            where users.user_id in ({{ changed_users }})
        {%- endif %}
    {%- endif %}
),

clocks as (
    select
        user_id,
        time_zone,
        {{ day_in(instant, 'time_zone') }} as today
    from users
),

tasks as (
    select
        tasks.user_id,
        tasks.status,
        tasks.priority,
        tasks.category,
        tasks.is_open,
        {{ is_overdue('tasks.is_open', 'tasks.due_date', 'clocks.today', 'tasks.due_at', instant) }} as is_overdue,
        case when tasks.is_open and tasks.due_at >= {{ instant }} then tasks.due_at end as next_due_at,
        tasks.cycle_time_hours,
        {{ day_in('tasks.created_at', 'clocks.time_zone') }} as created_day,
        case
            when {{ is_completed('tasks.status') }} then {{ day_in('tasks.completed_at', 'clocks.time_zone') }}
        end as completed_day
    from {{ ref('int_live_tasks') }} as tasks
    inner join clocks on tasks.user_id = clocks.user_id
    {% if mark -%}
        where tasks.user_bucket in {{ listed.buckets if listed else buckets_of(changed_users) }}
    {%- endif %}
),

figures as (
    select
        user_id,
        count(*) as total_tasks,
        count_if(is_open) as open_tasks,
        count_if({{ is_completed('status') }}) as completed_tasks,
        count_if(is_overdue) as overdue_tasks,
        min(next_due_at) as next_due_at,
        round({{ completion_rate_pct('status') }}, 2) as completion_rate_pct,
        {{ nearest_rank('cycle_time_hours', 0.5) }} as cycle_time_p50_hours,
        {{ nearest_rank('cycle_time_hours', 0.9) }} as cycle_time_p90_hours
    from tasks
    group by user_id
),

completion_days as (
    select distinct
        user_id,
        completed_day
    from tasks
    where completed_day is not null
),

-- Days in a row are as far from their row numbers as their first one is.
numbered_days as (
    select
        user_id,
        completed_day,
        date_add(
            'day', -row_number() over (partition by user_id order by completed_day), completed_day
        ) as streak
    from completion_days
),

streaks as (
    select
        user_id,
        count(*) as days,
        max(completed_day) as last_day
    from numbered_days
    group by user_id, streak
),

streaks_per_user as (
    select
        streaks.user_id,
        max(streaks.days) as longest_streak_days,
        -- today is not over: a streak that reached yesterday goes on
        max(case when streaks.last_day >= clocks.today - interval '1' day then streaks.days end) as current_streak_days
    from streaks
    inner join clocks on streaks.user_id = clocks.user_id
    group by streaks.user_id
),

categories as (
    select
        user_id,
        category,
        count(*) as total,
        count_if({{ is_completed('status') }}) as completed
    from tasks
    group by user_id, category
),

by_category as (
    select
        user_id,
        array_agg(
            cast(
                row(category, total, completed) as row(category varchar, total bigint, completed bigint)
            )
            order by total desc, category asc nulls last
        ) as by_category
    from categories
    group by user_id
),

priorities as (
    select
        user_id,
        priority,
        array_position(array['urgent', 'high', 'medium', 'low'], priority) as place,
        count(*) as total,
        count_if({{ is_completed('status') }}) as completed
    from tasks
    group by user_id, priority
),

by_priority as (
    select
        user_id,
        array_agg(
            cast(
                row(priority, total, completed) as row(priority varchar, total bigint, completed bigint)
            )
            order by place
        ) as by_priority
    from priorities
    group by user_id
),

weeks as (
    select
        clocks.user_id,
        weeks.week
    from clocks
    cross join unnest(
        sequence(
            date_trunc('week', clocks.today) - interval '77' day, date_trunc('week', clocks.today), interval '7' day
        )
    ) as weeks (week)
),

task_weeks as (
    select
        user_id,
        date_trunc('week', created_day) as week,
        1 as created,
        0 as completed
    from tasks
    union all
    select
        user_id,
        date_trunc('week', completed_day) as week,
        0 as created,
        1 as completed
    from tasks
    where completed_day is not null
),

tasks_per_week as (
    select
        weeks.user_id,
        weeks.week,
        coalesce(sum(task_weeks.created), 0) as created,
        coalesce(sum(task_weeks.completed), 0) as completed
    from weeks
    left join task_weeks
        on
            weeks.user_id = task_weeks.user_id
            and weeks.week = task_weeks.week
    group by weeks.user_id, weeks.week
),

weekly as (
    select
        user_id,
        array_agg(
            cast(
                row(cast(week as varchar), created, completed)
                as row(week varchar, created bigint, completed bigint)
            )
            order by week
        ) as weekly
    from tasks_per_week
    group by user_id
),

insights as (
    select
        users.user_id,

        cast(timestamp '{{ as_of }}' as timestamp(6)) as as_of,

        coalesce(figures.total_tasks, 0) as total_tasks,
        coalesce(figures.open_tasks, 0) as open_tasks,
        coalesce(figures.completed_tasks, 0) as completed_tasks,
        coalesce(figures.overdue_tasks, 0) as overdue_tasks,
        coalesce(figures.completion_rate_pct, 0e0) as completion_rate_pct,
        coalesce(streaks_per_user.current_streak_days, 0) as current_streak_days,
        coalesce(streaks_per_user.longest_streak_days, 0) as longest_streak_days,
        figures.cycle_time_p50_hours,
        figures.cycle_time_p90_hours,

        coalesce(json_format(cast(by_category.by_category as json)), '[]') as by_category,
        coalesce(json_format(cast(by_priority.by_priority as json)), '[]') as by_priority,
        json_format(cast(weekly.weekly as json)) as weekly,

        clocks.time_zone,
        cast(
            least(
                {{ start_of("(clocks.today + interval '1' day)", 'clocks.time_zone') }},
                coalesce(figures.next_due_at, timestamp '9999-12-31 00:00:00')
            ) as timestamp(6)
        ) as valid_until,
        followed.merged_at
    from users
    cross join followed
    inner join clocks on users.user_id = clocks.user_id
    left join figures on users.user_id = figures.user_id
    left join streaks_per_user on users.user_id = streaks_per_user.user_id
    left join by_category on users.user_id = by_category.user_id
    left join by_priority on users.user_id = by_priority.user_id
    left join weekly on users.user_id = weekly.user_id
),

{% if is_incremental() and (followed.erased or not mark) -%}
    gone_insights as (
        select held.user_id
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in ({{ erased_users() }})
        {%- else -%}
            left join insights on held.user_id = insights.user_id
            where insights.user_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows('insights', 'gone_insights' if followed.erased or not mark else none, ['user_id'], columns) }}
)

select * from final
