-- title: Cycle time by priority
-- description: Hours from creation to completion: the median, and what nine of ten tasks stay under.
-- chart: bar x=priority y=p50_hours,p90_hours
select
    priority,
    count(*) as completed_tasks,
    round(approx_percentile(cycle_time_hours, 0.5), 1) as p50_hours,
    round(approx_percentile(cycle_time_hours, 0.9), 1) as p90_hours
from fct_tasks
where cycle_time_hours is not null
group by priority
order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
