-- title: Cold starts of the API per day
-- description: Requests that waited for a new Lambda environment.
-- chart: line x=day y=cold_starts
select
    usage_date as day,
    sum(cold_starts) as cold_starts,
    round(1e2 * sum(cold_starts) / sum(requests), 2) as cold_start_pct
from agg_api_usage_daily
group by usage_date
order by usage_date
