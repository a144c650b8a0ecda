with

source as (
    select * from {{ source('silver', 'rejects') }}
),

-- Athena's Hive tables cannot hold a time zone; Iceberg's instants are UTC, so dropping the zone loses nothing.
renamed as (
    select
        bronze_file,
        digest,

        source,
        reason,

        cast(seen_at as timestamp(6)) as seen_at
    from source
)

select * from renamed
