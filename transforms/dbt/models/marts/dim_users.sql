with

users as (
    select * from {{ ref('int_users') }}
),

final as (
    select
        user_id,

        email_masked as email,
        email_domain,
        name_masked as name,

        {{ first_seen() }} as first_seen,
        {{ last_updated() }} as last_updated,

        is_known_profile
    from users
)

select * from final
