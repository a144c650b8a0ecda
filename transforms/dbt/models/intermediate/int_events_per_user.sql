with

events as (
    select * from {{ ref('fct_task_events') }}
),

events_per_user as (
    select
        user_id,

        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,

        count(*) as total_events,
        count(distinct event_type) as event_types
    from events
    group by user_id
)

select * from events_per_user
