with

states as (
    select * from {{ ref('int_task_states') }}
),

changes as (
    select
        event_date as backlog_date,
        count_if(effect = 'created') as created_tasks,
        count_if(effect = 'completed') as completed_tasks,
        count_if(effect = 'reopened') as reopened_tasks,
        count_if(effect = 'cancelled') as cancelled_tasks,
        count_if(effect = 'deleted') as deleted_tasks,
        count_if(effect = 'restored') as restored_tasks
    from states
    group by event_date
),

-- A state holds from its day until the day of the task's next change; in it, the task is overdue from the day after the
-- due day.
overdue_spells as (
    select
        greatest(event_date, due_date + interval '1' day) as first_day,
        next_event_date as end_day
    from states
    where
        is_open
        and due_date is not null
        and (next_event_date is null or greatest(event_date, due_date + interval '1' day) < next_event_date)
),

overdue_steps as (
    select
        first_day as backlog_date,
        1 as step
    from overdue_spells
    union all
    select
        end_day as backlog_date,
        -1 as step
    from overdue_spells
    where end_day is not null
),

overdue_changes as (
    select
        backlog_date,
        sum(step) as overdue_change
    from overdue_steps
    group by backlog_date
),

first_day as (
    select min(backlog_date) as first_day from changes having min(backlog_date) <= {{ as_of_date() }}
),

days as (
    select days.backlog_date
    from first_day
    cross join unnest(sequence(first_day.first_day, {{ as_of_date() }}, interval '1' day)) as days (backlog_date)
),

changes_per_day as (
    select
        days.backlog_date,
        coalesce(changes.created_tasks, 0) as created_tasks,
        coalesce(changes.completed_tasks, 0) as completed_tasks,
        coalesce(changes.reopened_tasks, 0) as reopened_tasks,
        coalesce(changes.cancelled_tasks, 0) as cancelled_tasks,
        coalesce(changes.deleted_tasks, 0) as deleted_tasks,
        coalesce(changes.restored_tasks, 0) as restored_tasks,
        coalesce(overdue_changes.overdue_change, 0) as overdue_change
    from days
    left join changes on days.backlog_date = changes.backlog_date
    left join overdue_changes on days.backlog_date = overdue_changes.backlog_date
),

final as (
    select
        backlog_date,

        cast(
            sum(
                created_tasks + reopened_tasks + restored_tasks - completed_tasks - cancelled_tasks - deleted_tasks
            ) over (order by backlog_date) as bigint
        ) as open_tasks,
        created_tasks,
        completed_tasks,
        reopened_tasks,
        cancelled_tasks,
        deleted_tasks,
        restored_tasks,
        cast(sum(overdue_change) over (order by backlog_date) as bigint) as overdue_tasks
    from changes_per_day
)

select * from final
