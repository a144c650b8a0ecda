-- title: New tasks per week and category
-- description: Tasks by the week in which they were created, those deleted since included; the five categories with
--   most tasks, and the rest together.
-- chart: bar x=week y=tasks color=category partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

created as (
    select
        date_trunc('week', event_date) as week,
        coalesce(nullif(trim(category), ''), 'uncategorized') as category
    from fct_task_events
    where event_type = 'created'
),

largest as (
    select category
    from created
    group by category
    order by count(*) desc, category asc
    limit 5
)

select
    created.week,
    coalesce(largest.category, 'all others') as category,
    count(*) as tasks,
    created.week + interval '6' day >= max(as_of.day) as is_partial
from created
cross join as_of
left join largest on created.category = largest.category
group by created.week, coalesce(largest.category, 'all others')
order by created.week, category
