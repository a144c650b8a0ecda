with

kept_events as (
    select * from {{ ref('int_kept_events') }}
),

final as (
    select
        event_id,
        task_id,
        user_id,

        event_type,

        occurred_at,
        ingested_at,

        version,
        status,
        previous_status,
        priority,
        category,
        due_date,

        event_date
    from kept_events
)

select * from final
