-- title: Cycle time per week of completion
-- description: Whether work is getting faster.
-- chart: line x=week y=p50_hours,p90_hours
select
    cast(date_trunc('week', completed_at) as date) as week,
    round(approx_percentile(cycle_time_hours, 0.5), 1) as p50_hours,
    round(approx_percentile(cycle_time_hours, 0.9), 1) as p90_hours
from fct_tasks
where cycle_time_hours is not null
group by 1
order by 1
