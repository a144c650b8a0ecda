-- title: API requests per day
-- description: Requests, and those that failed by the client's or the server's fault.
-- chart: line x=day y=requests,client_errors,server_errors unit=requests
select
    usage_date as day,
    sum(requests) as requests,
    sum(client_errors) as client_errors,
    sum(server_errors) as server_errors
from agg_api_usage_daily
group by usage_date
order by usage_date
