-- title: New tasks per week and category
-- description: Which kinds of work are growing.
-- chart: line x=week y=tasks color=category
select
    cast(date_trunc('week', event_date) as date) as week,
    coalesce(nullif(trim(category), ''), 'uncategorized') as category,
    count(*) as tasks
from fct_task_events
where event_type = 'created'
group by 1, 2
order by 1, 2
