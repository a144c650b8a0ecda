with

events as (
    select * from {{ ref('fct_task_events') }}
),

-- Only a removal leaves a task deleted; whatever else happens to it shows that it is there.
states as (
    select
        event_id,
        task_id,
        user_id,
        status,
        due_date,
        occurred_at,
        version,
        event_date,
        event_type in ('deleted', 'purged') as is_deleted,
        event_type not in ('deleted', 'purged') and status in ('pending', 'in_progress') as is_open
    from events
),

neighbours as (
    select
        *,
        lag(status) over (partition by task_id order by version, occurred_at, event_id) as previous_status,
        lag(is_deleted) over (partition by task_id order by version, occurred_at, event_id) as was_deleted,
        lag(is_open) over (partition by task_id order by version, occurred_at, event_id) as was_open,
        lead(event_date) over (partition by task_id order by version, occurred_at, event_id) as next_event_date
    from states
),

-- What a change did is told by the states on its two sides: events may be missing while data is late.
effects as (
    select
        event_id,
        task_id,
        user_id,

        status,
        is_deleted,
        is_open,
        was_deleted is null or status != previous_status or is_deleted != was_deleted as is_new_state,
        case
            when is_open and was_open is null then 'created'
            when is_open and not was_open and was_deleted then 'restored'
            when is_open and not was_open then 'reopened'
            when not is_open and was_open and is_deleted then 'deleted'
            when not is_open and was_open and status = 'completed' then 'completed'
            when not is_open and was_open then 'cancelled'
        end as effect,

        due_date,
        occurred_at,

        version,

        event_date,
        next_event_date
    from neighbours
)

select * from effects
