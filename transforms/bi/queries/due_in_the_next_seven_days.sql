-- title: Due in the next seven days
-- description: Open tasks that become due in the week after the last day there is, by day and priority.
-- chart: bar x=due_date y=tasks color=priority
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
)

select
    tasks.due_date,
    tasks.priority,
    count(*) as tasks
from fct_tasks as tasks
cross join as_of
where
    {{ is_open('tasks.status') }}
    and tasks.due_date between as_of.day and as_of.day + interval '6' day
group by tasks.due_date, tasks.priority
order by tasks.due_date, tasks.priority
