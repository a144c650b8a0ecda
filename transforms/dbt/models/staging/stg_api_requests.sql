with

source as (
    select * from {{ source('silver', 'api_requests') }}
),

-- Athena writes no time zones; silver's instants are UTC, so dropping the zone loses nothing. `merged_at` keeps it:
-- engines skip files by a bare column, not by a cast.
renamed as (
    select
        request_id,
        user_hash,

        method,
        route,
        status_code,
        cold_start,
        idempotent_replay,

        duration_ms,

        cast(occurred_at as date) as request_date,
        cast(occurred_at as timestamp(6)) as occurred_at,
        merged_at
    from source
)

select * from renamed
