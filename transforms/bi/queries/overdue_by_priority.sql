-- title: Overdue tasks by priority
-- description: Open tasks past their due date, the most urgent first, and how late they are on average.
-- chart: bar x=priority y=overdue_tasks
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
)

select
    tasks.priority,
    count(*) as overdue_tasks,
    round(avg(date_diff('day', tasks.due_date, as_of.day)), 1) as days_late
from fct_tasks as tasks
cross join as_of
where tasks.is_overdue
group by tasks.priority
order by array_position(array['urgent', 'high', 'medium', 'low'], tasks.priority)
