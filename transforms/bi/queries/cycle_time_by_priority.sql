-- title: Cycle time by priority
-- description: Hours from creation to completion by nearest rank: half of the completed live tasks took no longer than
--   p50, nine of ten no longer than p90.
-- chart: bar x=priority y=p50_hours,p90_hours n=completed_tasks
select
    priority,
    count(*) as completed_tasks,
    round({{ nearest_rank('cycle_time_hours', 0.5) }}, 1) as p50_hours,
    round({{ nearest_rank('cycle_time_hours', 0.9) }}, 1) as p90_hours
from fct_tasks
where cycle_time_hours is not null
group by priority
order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
