{{ config(tags=['every_row']) }}

with

in_silver as (
    select
        cast(occurred_at as date) as usage_date,
        count(*) as requests
    from {{ source('silver', 'api_requests') }}
    group by cast(occurred_at as date)
),

in_gold as (
    select
        usage_date,
        sum(requests) as requests
    from {{ ref('agg_api_usage_daily') }}
    group by usage_date
)

select
    coalesce(in_silver.usage_date, in_gold.usage_date) as usage_date,
    in_silver.requests,
    in_gold.requests as requests_in_gold
from in_silver
full outer join in_gold on in_silver.usage_date = in_gold.usage_date
where coalesce(in_silver.requests, 0) != coalesce(in_gold.requests, 0)
