-- title: Cycle time per week of completion
-- description: Whether work is getting faster. Hours from creation to completion by nearest rank, of the live tasks
--   completed in that week; weeks without one are left out.
-- chart: line x=week y=p50_hours,p90_hours partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

cycles as (
    select
        cast(date_trunc('week', completed_at) as date) as week,
        count(*) as completed_tasks,
        round({{ nearest_rank('cycle_time_hours', 0.5) }}, 1) as p50_hours,
        round({{ nearest_rank('cycle_time_hours', 0.9) }}, 1) as p90_hours
    from fct_tasks
    where cycle_time_hours is not null
    group by cast(date_trunc('week', completed_at) as date)
)

select
    cycles.week,
    cycles.completed_tasks,
    cycles.p50_hours,
    cycles.p90_hours,
    cycles.week + interval '6' day >= as_of.day as is_partial
from cycles
cross join as_of
order by cycles.week
