{{ config(tags=['every_row'], warn_if='>0', error_if='>20') }}

-- Each task's changes come to what silver says it is. Tasks of which a change has not arrived are left out.
with

changes_per_task as (
    select
        task_id,
        sum(if({{ is_open_after_change() }}, 1, 0) - if({{ was_open_before_change() }}, 1, 0)) as open_tasks,
        max(version) as version
    from {{ ref('int_kept_events') }}
    group by task_id
    having
        count(*) = max(version) - min(version) + 1
        and min_by(event_type, version) = 'created'
)

select
    changes_per_task.task_id,
    changes_per_task.open_tasks,
    if(not tasks.is_deleted and {{ is_open('tasks.status') }}, 1, 0) as expected
from changes_per_task
inner join {{ source('silver', 'tasks') }} as tasks
    on
        changes_per_task.task_id = tasks.task_id
        and changes_per_task.version = tasks.version
where changes_per_task.open_tasks != if(not tasks.is_deleted and {{ is_open('tasks.status') }}, 1, 0)
