with

source as (
    select * from {{ source('silver', 'rejects') }}
),

-- Athena writes no time zones; silver's instants are UTC, so dropping the zone loses nothing. `merged_at` keeps it:
-- engines skip files by a bare column, not by a cast.
renamed as (
    select
        bronze_file,
        digest,

        source,
        reason,

        cast(seen_at as timestamp(6)) as seen_at,
        merged_at
    from source
)

select * from renamed
