-- title: How old the open tasks are
-- description: Open tasks in age groups; a long tail is work that nobody means to do.
-- chart: bar x=age y=open_tasks
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

ages as (
    select date_diff('day', cast(tasks.created_at as date), as_of.day) as days
    from fct_tasks as tasks
    cross join as_of
    where {{ is_open('tasks.status') }}
)

select
    case
        when days < 7 then '1: under a week'
        when days < 30 then '2: a week to a month'
        when days < 90 then '3: one to three months'
        else '4: over three months'
    end as age,
    count(*) as open_tasks
from ages
group by 1
order by 1
