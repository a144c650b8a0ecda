-- title: Open tasks per day
-- description: How the backlog has grown or shrunk, and how much of it is overdue.
-- chart: area x=day y=open_tasks,overdue_tasks
select
    backlog_date as day,
    open_tasks,
    overdue_tasks
from fct_daily_backlog
order by backlog_date
