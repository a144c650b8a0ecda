-- title: New users per week
-- description: Users by the week in which they were first seen.
-- chart: bar x=week y=new_users
with

users as (
    select cast(date_trunc('week', first_seen) as date) as week from dim_users
),

span as (
    select
        min(week) as first_week,
        max(week) as last_week
    from users
),

-- weeks in which nobody came are part of the answer
weeks as (
    select distinct dates.week_start as week
    from dim_dates as dates
    cross join span
    where dates.week_start between span.first_week and span.last_week
)

select
    weeks.week,
    count(users.week) as new_users
from weeks
left join users on weeks.week = users.week
group by weeks.week
order by weeks.week
