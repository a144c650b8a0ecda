with

users as (
    select * from {{ ref('stg_users') }}
),

final as (
    select
        user_id,

        email_domain,
        coalesce(time_zone, 'UTC') as time_zone,

        created_at,
        updated_at as changed_at,
        cast(merged_at as timestamp(6)) as merged_at
    from users
    where not is_deleted
)

select * from final
