-- title: Requests answered again
-- description: How often clients repeat a write, and get the first answer again instead of a second task.
-- chart: line x=day y=replays
select
    usage_date as day,
    sum(replays) as replays
from agg_api_usage_daily
group by usage_date
order by usage_date
