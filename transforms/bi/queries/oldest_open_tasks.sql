-- title: The oldest open tasks
-- description: Fifty tasks that have waited longest, without their titles: those never leave silver.
-- chart: table
-- parameters: rows=50
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
)

select
    tasks.task_id,
    tasks.status,
    tasks.priority,
    coalesce(tasks.category, 'uncategorized') as category,
    tasks.due_date,
    date_diff('day', cast(tasks.created_at as date), as_of.day) as days_open
from fct_tasks as tasks
cross join as_of
where {{ is_open('tasks.status') }}
order by days_open desc, tasks.task_id asc
limit {{ rows }}
