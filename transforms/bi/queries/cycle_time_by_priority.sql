-- title: Cycle time by priority
-- description: Hours from creation to completion by nearest rank: half of the completed live tasks took no longer than
--   p50, nine of ten no longer than p90.
-- chart: bar x=priority y=p50_hours,p90_hours n=completed_tasks
with

cycles as (
    select
        priority,
        count(*) as completed_tasks,
        array_sort(array_agg(cycle_time_hours)) as hours
    from fct_tasks
    where cycle_time_hours is not null
    group by priority
)

select
    priority,
    completed_tasks,
    round(element_at(hours, cast(ceiling(0.5 * completed_tasks) as integer)), 1) as p50_hours,
    round(element_at(hours, cast(ceiling(0.9 * completed_tasks) as integer)), 1) as p90_hours
from cycles
order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
