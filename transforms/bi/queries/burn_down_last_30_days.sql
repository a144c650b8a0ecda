-- title: Burn-down of the last 30 days
-- description: Of the tasks open 30 days before the last day there is: how many were open at the end of each day since.
-- chart: line x=day y=tasks_left
with

last_day as (
    select max(backlog_date) as day from fct_daily_backlog
),

days as (
    select dates.date_day as day
    from dim_dates as dates
    cross join last_day
    where dates.date_day between last_day.day - interval '30' day and last_day.day
),

open_periods as (
    select
        task_id,
        started_at,
        coalesce(ended_at, timestamp '9999-12-31 00:00:00') as ended_at
    from fct_task_status_periods
    where status in ('pending', 'in_progress')
),

first_day as (
    select min(day) as day from days
),

starting as (
    select distinct periods.task_id
    from open_periods as periods
    cross join first_day
    where periods.started_at < first_day.day + interval '1' day and periods.ended_at >= first_day.day + interval '1' day
),

open_since as (
    select periods.*
    from open_periods as periods
    inner join starting on periods.task_id = starting.task_id
)

select
    days.day,
    count(distinct periods.task_id) as tasks_left
from days
left join open_since as periods
    on periods.started_at < days.day + interval '1' day and periods.ended_at >= days.day + interval '1' day
group by days.day
order by days.day
