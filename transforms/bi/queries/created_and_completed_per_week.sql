-- title: Tasks created and completed per week
-- description: Whether people finish what they start: two lines that should run side by side.
-- chart: line x=week y=created,completed
select
    cast(date_trunc('week', backlog_date) as date) as week,
    sum(created_tasks) as created,
    sum(completed_tasks) as completed
from fct_daily_backlog
group by 1
order by 1
