-- title: Status of the tasks by priority
-- description: Tasks of each priority by their status now.
-- chart: bar x=priority y=tasks color=status
select
    priority,
    status,
    count(*) as tasks
from fct_tasks
group by priority, status
order by array_position(array['urgent', 'high', 'medium', 'low'], priority), status
