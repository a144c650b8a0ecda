-- title: Tasks created and completed per week
-- description: Whether people finish what they start, two lines that should run side by side. What happened counts,
--   also to tasks that were deleted since.
-- chart: line x=week y=created,completed unit=tasks partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
)

select
    date_trunc('week', backlog.backlog_date) as week,
    sum(backlog.created_tasks) as created,
    sum(backlog.completed_tasks) as completed,
    date_trunc('week', backlog.backlog_date) + interval '6' day >= max(as_of.day) as is_partial
from fct_daily_backlog as backlog
cross join as_of
group by date_trunc('week', backlog.backlog_date)
order by week
