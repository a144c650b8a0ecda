with

changes as (
    select * from {{ ref('int_daily_backlog') }}
),

first_day as (
    select min(backlog_date) as first_day
    from changes
    where changes > 0
    having min(backlog_date) <= {{ as_of_date() }}
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
        coalesce(changes.overdue_change, 0) as overdue_change
    from days
    left join changes on days.backlog_date = changes.backlog_date
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
