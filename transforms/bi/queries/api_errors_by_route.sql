-- title: API errors by route
-- description: Share of a route's requests that failed, and by whose fault; routes without a failure are left out.
-- chart: bar x=route y=client_error_pct,server_error_pct n=requests
select
    method || ' ' || route as route,
    sum(requests) as requests,
    round(1e2 * sum(client_errors) / sum(requests), 2) as client_error_pct,
    round(1e2 * sum(server_errors) / sum(requests), 2) as server_error_pct
from agg_api_usage_daily
group by method, route
having sum(client_errors) + sum(server_errors) > 0
order by server_error_pct desc, client_error_pct desc, route asc
