-- title: Completed and reopened per week
-- description: Tasks that were completed too early come back as reopened.
-- chart: bar x=week y=completed,reopened
select
    cast(date_trunc('week', event_date) as date) as week,
    count_if(event_type = 'completed') as completed,
    count_if(event_type = 'reopened') as reopened
from fct_task_events
where event_type in ('completed', 'reopened')
group by 1
order by 1
