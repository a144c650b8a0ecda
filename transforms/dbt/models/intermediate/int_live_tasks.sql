{% set columns = [
    'user_id', 'status', 'priority', 'category', 'is_open', 'due_date', 'created_at', 'updated_at', 'completed_at',
    'version', 'merged_at'
] %}
{% set followed = high_water_mark(
    'select count(*) from ' ~ this ~ ' where {not_erased}'
    ~ ' and task_id not in (select task_id from ' ~ ref('stg_tasks') ~ ' where merged_at > {utc})',
    'select count(*) from ' ~ ref('stg_tasks') ~ ' where merged_at <= {utc} and not is_deleted and {not_erased}',
    erased_users()
) %}
{% set mark = followed.mark %}
with

erased_users as (
    {{ erased_users() }}
),

tasks as (
    select *
    from {{ ref('stg_tasks') }}
    {% if mark -%}
        where merged_at > {{ utc(mark) }}
    {%- endif %}
),

-- A profile and its owner's tasks travel separately: tasks may still look alive in the run that learns of an erasure.
live_tasks as (
    select
        tasks.task_id,
        tasks.user_id,
        tasks.status,
        tasks.priority,
        tasks.category,
        {{ is_open('tasks.status') }} as is_open,
        tasks.due_date,
        tasks.created_at,
        tasks.updated_at,
        tasks.completed_at,
        tasks.version,
        cast(tasks.merged_at as timestamp(6)) as merged_at
    from tasks
    left join erased_users on tasks.user_id = erased_users.user_id
    where
        not tasks.is_deleted
        and erased_users.user_id is null
),

{% if is_incremental() -%}
    gone_tasks as (
        {% if mark -%}
            select task_id
            from tasks
            where is_deleted
            {%- if followed.erased %}
                union distinct
                select task_id
                from {{ this }}
                where user_id in (select user_id from erased_users)
            {%- endif %}
        {%- else -%}
            select held.task_id
            from {{ this }} as held
            left join live_tasks on held.task_id = live_tasks.task_id
            where live_tasks.task_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows('live_tasks', 'gone_tasks', ['task_id'], columns) }}
)

select * from final
