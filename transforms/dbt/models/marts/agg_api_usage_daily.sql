{% set columns = [
    'requests', 'client_errors', 'server_errors', 'p50_ms', 'p95_ms', 'cold_starts', 'replays', 'users', 'merged_at'
] %}
{% set mark = high_water_mark(
    'select coalesce(sum(requests), 0) from ' ~ this,
    'select count(*) from ' ~ ref('stg_api_requests') ~ ' where merged_at <= {utc}'
).mark %}
{% if mark -%}
    {% set days = query_column(
        'select distinct cast(request_date as varchar) from ' ~ ref('stg_api_requests')
        ~ ' where merged_at > ' ~ utc(mark)
    ) -%}
    {% set changed_days = "(date '" ~ (days or ['1970-01-01']) | join("', date '") ~ "')" -%}
{% endif -%}
{% set touched = 'held.usage_date in ' ~ changed_days if mark else 'true' %}
with

requests as (
    select *
    from {{ ref('stg_api_requests') }}
    {% if mark -%}
        where request_date in {{ changed_days }}
    {%- endif %}
),

usage_by_route as (
    select
        request_date as usage_date,
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

        cast(max(merged_at) as timestamp(6)) as merged_at
    from requests
    group by request_date, method, route
),

{% if is_incremental() -%}
    gone_usage as (
        select
            held.usage_date,
            held.method,
            held.route
        from {{ this }} as held
        left join usage_by_route
            on
                held.usage_date = usage_by_route.usage_date
                and held.method = usage_by_route.method
                and held.route = usage_by_route.route
        where
            usage_by_route.route is null
            and {{ touched }}
    ),

{% endif -%}
final as (
    {{ merge_rows('usage_by_route', 'gone_usage', ['usage_date', 'method', 'route'], columns) }}
)

select * from final
