-- title: The slowest kinds of work
-- description: Priorities and categories by the time that nine of ten of their tasks take.
-- chart: table
-- parameters: rows=20
select
    cycles.priority,
    cycles.category,
    cycles.completed_tasks,
    round(cycles.p50_hours, 1) as p50_hours,
    round(cycles.p90_hours, 1) as p90_hours
from agg_cycle_time as cycles
order by cycles.p90_hours desc, cycles.priority asc, cycles.category asc
limit {{ rows }}
