-- title: The slowest routes of the API
-- description: The worst day's 95th percentile of each route in the last seven days there are.
-- chart: bar x=route y=p95_ms n=requests
with

as_of as (
    select max(usage_date) as day from agg_api_usage_daily
)

select
    usage.method || ' ' || usage.route as route,
    sum(usage.requests) as requests,
    round(max(usage.p95_ms), 1) as p95_ms
from agg_api_usage_daily as usage
cross join as_of
where usage.usage_date > as_of.day - interval '7' day
group by usage.method, usage.route
order by p95_ms desc, route asc
limit 20
