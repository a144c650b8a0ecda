with

source as (
    select * from {{ source('silver', 'task_events') }}
),

-- Athena writes no time zones; silver's instants are UTC, so dropping the zone loses nothing. `merged_at` keeps it:
-- engines skip files by a bare column, not by a cast.
renamed as (
    select
        event_id,
        task_id,
        user_id,
        request_id,

        event_type,
        status,
        previous_status,
        was_deleted,
        priority,
        nullif(trim(category), '') as category,
        changed_fields,

        due_date,
        previous_due_date,
        cast(occurred_at as date) as event_date,
        cast(occurred_at as timestamp(6)) as occurred_at,
        cast(ingested_at as timestamp(6)) as ingested_at,

        version,
        sequence_number,
        merged_at
    from source
)

select * from renamed
