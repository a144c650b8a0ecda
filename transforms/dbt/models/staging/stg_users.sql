with

source as (
    select * from {{ source('silver', 'users') }}
),

-- Athena's Hive tables cannot hold a time zone; Iceberg's instants are UTC, so dropping the zone loses nothing.
renamed as (
    select
        user_id,

        email_masked,
        email_domain,
        name_masked,
        is_deleted,

        cast(created_at as timestamp(6)) as created_at,
        cast(updated_at as timestamp(6)) as updated_at
    from source
)

select * from renamed
