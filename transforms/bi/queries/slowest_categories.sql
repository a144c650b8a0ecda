-- title: The slowest kinds of work
-- description: Priorities and categories by the time that nine of ten of their tasks take.
-- chart: table
select
    priority,
    category,
    completed_tasks,
    round(p50_hours, 1) as p50_hours,
    round(p90_hours, 1) as p90_hours
from agg_cycle_time
order by agg_cycle_time.p90_hours desc, priority, category
limit 20
