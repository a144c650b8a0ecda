with

requests as (
    select *
    from {{ ref('stg_api_requests') }}
    where
        {{ in_days_that_differ(
            'request_date',
            'select request_date, cast(count(*) as varchar) from ' ~ ref('stg_api_requests') ~ ' group by request_date',
            'select usage_date, cast(sum(requests) as varchar) from ' ~ this ~ ' group by usage_date'
        ) }}
),

final as (
    select
        method,
        route,

        count(*) as requests,
        count_if(status_code between 400 and 499) as client_errors,
        count_if(status_code >= 500) as server_errors,
        {{ nearest_rank('duration_ms', 0.5) }} as p50_ms,
        {{ nearest_rank('duration_ms', 0.95) }} as p95_ms,
        count_if(cold_start) as cold_starts,
        count_if(idempotent_replay) as replays,
        count(distinct user_hash) as users,

        request_date as usage_date
    from requests
    group by request_date, method, route
)

select * from final
