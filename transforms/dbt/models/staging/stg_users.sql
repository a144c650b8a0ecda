with

source as (
    select * from {{ source('silver', 'users') }}
),

-- Athena writes no time zones; silver's instants are UTC, so dropping the zone loses nothing. `merged_at` keeps it:
-- engines skip files by a bare column, not by a cast.
renamed as (
    select
        user_id,

        email_masked,
        email_domain,
        name_masked,
        time_zone,
        is_deleted,

        cast(created_at as timestamp(6)) as created_at,
        cast(updated_at as timestamp(6)) as updated_at,

        version,
        sequence_number,
        merged_at
    from source
)

select * from renamed
