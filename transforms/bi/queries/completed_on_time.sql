-- title: Completed on time, by priority
-- description: Of the completed live tasks with a due date, the share that was completed on that day or before.
-- chart: bar x=priority y=on_time_pct n=completed_tasks
select
    priority,
    count(*) as completed_tasks,
    count_if(cast(completed_at as date) <= due_date) as on_time,
    round(1e2 * count_if(cast(completed_at as date) <= due_date) / count(*), 1) as on_time_pct
from fct_tasks
where {{ is_completed('status') }} and due_date is not null
group by priority
order by array_position(array['urgent', 'high', 'medium', 'low'], priority)
