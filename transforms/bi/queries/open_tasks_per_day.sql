-- title: Open tasks per day
-- description: Tasks that were open at the end of the day, and those of them that were overdue; a task deleted since
--   counts until the day of its deletion. The last day is not over.
-- chart: area x=day y=open_tasks,overdue_tasks
select
    backlog_date as day,
    open_tasks,
    overdue_tasks
from fct_daily_backlog
order by backlog_date
