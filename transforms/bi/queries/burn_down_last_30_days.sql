-- title: Burn-down of the last 30 days
-- description: Begins with the tasks that were open at the end of the day 30 days before the last one, those deleted
--   since included. Each day shows how many of them were open at its end.
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

first_day as (
    select min(day) as day from days
),

-- a change holds from its day until the day of the task's next one
states as (
    select
        task_id,
        event_type not in ('deleted', 'purged') and {{ is_open('status') }} as is_open,
        event_date as since,
        lead(event_date) over (partition by task_id order by version, occurred_at, event_id) as until
    from fct_task_events
),

open_spells as (
    select
        task_id,
        since,
        coalesce(until, date '9999-12-31') as until
    from states
    where is_open
),

starting as (
    select distinct spells.task_id
    from open_spells as spells
    cross join first_day
    where spells.since <= first_day.day and spells.until > first_day.day
),

open_since as (
    select spells.*
    from open_spells as spells
    inner join starting on spells.task_id = starting.task_id
)

select
    days.day,
    count(distinct spells.task_id) as tasks_left
from days
left join open_since as spells on days.day >= spells.since and days.day < spells.until
group by days.day
order by days.day
