{{ config(tags=['every_row']) }}

-- Day by day, so that a day which an incremental build left out, or wrote twice, shows.
with

in_silver as (
    select
        cast(occurred_at as date) as event_date,
        count(*) as events,
        count_if(event_type != 'purged') as changes_by_users
    from {{ source('silver', 'task_events') }}
    where user_id not in (select user_id from {{ source('silver', 'users') }} where is_deleted)
    group by cast(occurred_at as date)
),

in_events as (
    select
        event_date,
        count(*) as events
    from {{ ref('fct_task_events') }}
    group by event_date
),

in_activity as (
    select
        activity_date as event_date,
        sum(events) as events
    from {{ ref('fct_daily_activity') }}
    group by activity_date
)

select
    coalesce(in_silver.event_date, in_events.event_date, in_activity.event_date) as event_date,
    in_silver.events,
    in_events.events as events_in_gold,
    in_silver.changes_by_users,
    in_activity.events as activity_in_gold
from in_silver
full outer join in_events on in_silver.event_date = in_events.event_date
full outer join in_activity on in_silver.event_date = in_activity.event_date
where
    coalesce(in_silver.events, 0) != coalesce(in_events.events, 0)
    or coalesce(in_silver.changes_by_users, 0) != coalesce(in_activity.events, 0)
