-- title: Active users per day
-- description: Users who changed at least one task that day, and the average of the seven calendar days up to it. A day
--   on which nobody did counts as 0; the first six days have fewer than seven to average. Changes of tasks that were
--   deleted since count.
-- chart: line x=day y=active_users,seven_day_average unit=users partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

active as (
    select
        activity_date as day,
        count(distinct user_id) as active_users
    from fct_daily_activity
    group by activity_date
),

first_day as (
    select min(day) as day from active
),

-- days on which nobody was active are part of the answer
days as (
    select
        dates.date_day as day,
        dates.date_day = as_of.day as is_partial
    from dim_dates as dates
    cross join first_day
    cross join as_of
    where dates.date_day between first_day.day and as_of.day
)

select
    days.day,
    coalesce(active.active_users, 0) as active_users,
    round(
        avg(coalesce(active.active_users, 0)) over (order by days.day rows between 6 preceding and current row), 1
    ) as seven_day_average,
    days.is_partial
from days
left join active on days.day = active.day
order by days.day
