{% set columns = [
    'user_id', 'status', 'priority', 'category', 'labels', 'parent_id', 'recurrence', 'previous_id', 'is_open',
    'due_at', 'due_date', 'created_at', 'updated_at', 'completed_at',
    'cycle_time_hours', 'is_live', 'version'
] %}
{% set key = ['user_bucket', 'task_id', 'merged_at'] %}
{% set held -%}
    select count(*)
    from (
        select task_id, user_id, max_by(is_live, merged_at) as is_live from {{ this }} group by task_id, user_id
    ) as states
    where
        is_live
        and {not_erased}
        and task_id not in (select task_id from {{ ref('stg_tasks') }} where merged_at > {utc})
{%- endset %}
{#- Silver deletes tasks with their owner's events only: later builds of a day look whether some of those have gone. -#}
{% set followed = high_water_mark(
    held,
    'select count(*) from ' ~ ref('stg_tasks') ~ ' where merged_at <= {utc} and not is_deleted and {not_erased}',
    erased_users(),
    lately=(compared_events(), '0')
) %}
{% set mark = followed.mark %}
with

erased_users as (
    {{ erased_users() }}
),

tasks as (
    select *
    from {{ ref('stg_tasks') }}
    where {{ 'merged_at > ' ~ utc(mark) if mark else 'not is_deleted' }}
),

-- A profile and its owner's tasks travel separately: tasks may still look alive in the run that learns of an erasure.
states as (
    select
        {{ user_bucket('tasks.user_id') }} as user_bucket,
        tasks.task_id,
        tasks.user_id,
        tasks.status,
        tasks.priority,
        tasks.category,
        tasks.labels,
        tasks.parent_id,
        tasks.recurrence,
        tasks.previous_id,
        {{ is_open('tasks.status') }} as is_open,
        tasks.due_at,
        tasks.due_date,
        tasks.created_at,
        tasks.updated_at,
        tasks.completed_at,
        {{ cycle_time_hours('tasks.status', 'tasks.created_at', 'tasks.completed_at') }} as cycle_time_hours,
        not tasks.is_deleted as is_live,
        tasks.version,
        cast(tasks.merged_at as timestamp(6)) as merged_at
    from tasks
    left join erased_users on tasks.user_id = erased_users.user_id
    where erased_users.user_id is null
),

{% if is_incremental() and (followed.erased or not mark) -%}
    gone_states as (
        select
            held.user_bucket,
            held.task_id,
            held.merged_at
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in (select user_id from erased_users)
        {%- else -%}
            left join states
                on
                    held.user_bucket = states.user_bucket
                    and held.task_id = states.task_id
                    and held.merged_at = states.merged_at
            where states.task_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows('states', 'gone_states' if followed.erased or not mark else none, key, columns) }}
)

select * from final
