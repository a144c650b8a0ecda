with

events as (
    select * from {{ ref('stg_task_events') }}
),

erased_users as (
    select user_id from {{ ref('stg_users') }} where is_deleted
),

-- Silver loses the events of an erased user some time after it learns of the erasure; gold need not wait for that.
kept_events as (
    select events.*
    from events
    left join erased_users on events.user_id = erased_users.user_id
    where erased_users.user_id is null
)

select
    event_id,
    task_id,
    user_id,

    event_type,
    status,
    previous_status,
    priority,
    category,

    due_date,
    occurred_at,
    ingested_at,

    version,

    event_date
from kept_events
