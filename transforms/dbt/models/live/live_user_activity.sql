{% set first_day = live_date() ~ " - interval '" ~ active_days() ~ "' day" %}
with

-- no event is merged before it happens, so that `merged_at` spares the files of months ago
merged_events as (
    select
        event_id,
        user_id,
        event_type,
        event_date
    from {{ ref('stg_task_events') }}
    where
        merged_at >= cast({{ first_day }} as timestamp(6) with time zone)
        and event_date >= {{ first_day }}
),

new_events as (
    select
        event_id,
        user_id,
        event_type,
        event_date
    from {{ ref('stg_changes') }}
    where
        entity_type = 'TASK'
        and not is_backfill
        and event_date >= {{ first_day }}
),

erased_users as (
    select user_id
    from {{ ref('int_current_users') }}
    where is_deleted
),

-- what is in both is one event
events as (
    select
        coalesce(new_events.user_id, merged_events.user_id) as user_id,
        coalesce(new_events.event_type, merged_events.event_type) as event_type,
        coalesce(new_events.event_date, merged_events.event_date) as activity_date
    from merged_events
    full outer join new_events on merged_events.event_id = new_events.event_id
),

-- A purge comes weeks after the user's last word on the task: it is no activity.
activity as (
    select
        events.user_id,

        count(*) as events,
        count_if(events.event_type = 'created') as tasks_created,
        count_if(events.event_type = 'completed') as tasks_completed,
        count_if(events.event_type = 'reopened') as tasks_reopened,
        count_if(events.event_type = 'cancelled') as tasks_cancelled,
        count_if(events.event_type = 'deleted') as tasks_deleted,

        events.activity_date
    from events
    left join erased_users on events.user_id = erased_users.user_id
    where
        erased_users.user_id is null
        and events.event_type != 'purged'
    group by events.activity_date, events.user_id
)

select * from activity
