-- title: New users per week
-- description: Users who are not erased, by the week in which they were first seen; weeks without one count as 0.
-- chart: bar x=week y=new_users partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

users as (
    select cast(date_trunc('week', first_seen) as date) as week from dim_users
),

span as (
    select
        min(users.week) as first_week,
        greatest(max(users.week), coalesce(max(as_of.day), max(users.week))) as last_day
    from users
    cross join as_of
),

-- weeks in which nobody came are part of the answer
weeks as (
    select distinct dates.week_start as week
    from dim_dates as dates
    cross join span
    where dates.week_start between span.first_week and span.last_day
)

select
    weeks.week,
    count(users.week) as new_users,
    coalesce(weeks.week + interval '6' day >= max(as_of.day), false) as is_partial
from weeks
cross join as_of
left join users on weeks.week = users.week
group by weeks.week
order by weeks.week
