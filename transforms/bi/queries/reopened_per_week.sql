-- title: Completed and reopened per week
-- description: Tasks that were completed too early come back as reopened. What happened counts, also to tasks that were
--   deleted since; weeks without either count as 0.
-- chart: bar x=week y=completed,reopened unit=tasks partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
)

select
    date_trunc('week', backlog.backlog_date) as week,
    sum(backlog.completed_tasks) as completed,
    sum(backlog.reopened_tasks) as reopened,
    date_trunc('week', backlog.backlog_date) + interval '6' day >= max(as_of.day) as is_partial
from fct_daily_backlog as backlog
cross join as_of
group by date_trunc('week', backlog.backlog_date)
order by week
