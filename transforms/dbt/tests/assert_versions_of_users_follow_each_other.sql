{{ config(tags=['every_row']) }}

-- A version ends when the next one begins, and the latest one of every user has no end.
with

versions as (
    select
        user_id,
        dbt_valid_from,
        dbt_valid_to,
        lead(dbt_valid_from) over (partition by user_id order by dbt_valid_from) as next_valid_from
    from {{ ref('users_snapshot') }}
)

select *
from versions
where
    dbt_valid_from is null
    or dbt_valid_to is distinct from next_valid_from
