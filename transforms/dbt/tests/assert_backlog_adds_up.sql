{{ config(tags=['every_row']) }}

-- Each day opens with what the day before left, and each task's changes come to what silver says it is. Tasks of which
-- a change has not arrived are left out.
with

backlog as (
    select
        *,
        lag(open_tasks, 1, 0) over (order by backlog_date) as open_before
    from {{ ref('fct_daily_backlog') }}
),

effects as (
    select
        task_id,
        version,
        event_type,
        event_date,
        if({{ is_open_after_change() }}, 1, 0) - if({{ was_open_before_change() }}, 1, 0) as effect
    from {{ ref('int_kept_events') }}
),

changes_per_task as (
    select
        task_id,
        sum(effect) as opened,
        max(version) as version
    from effects
    group by task_id
    having
        count(*) = max(version) - min(version) + 1
        and min_by(event_type, version) = 'created'
),

days as (
    select
        cast(backlog_date as varchar) as what,
        open_tasks,
        open_before + created_tasks + reopened_tasks + restored_tasks
        - completed_tasks - cancelled_tasks - deleted_tasks as expected
    from backlog
),

last_day as (
    select
        'the last day' as what,
        coalesce(max_by(open_tasks, backlog_date), 0) as open_tasks,
        (select coalesce(sum(effect), 0) from effects where event_date <= {{ as_of_date() }}) as expected
    from backlog
),

tasks_by_changes as (
    select
        changes_per_task.task_id as what,
        changes_per_task.opened as open_tasks,
        if(not tasks.is_deleted and {{ is_open('tasks.status') }}, 1, 0) as expected
    from changes_per_task
    inner join {{ source('silver', 'tasks') }} as tasks
        on
            changes_per_task.task_id = tasks.task_id
            and changes_per_task.version = tasks.version
),

figures as (
    select * from days
    union all
    select * from last_day
    union all
    select * from tasks_by_changes
)

select * from figures where open_tasks != expected
