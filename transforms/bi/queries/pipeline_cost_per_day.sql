-- title: Pipeline time and cost per day
-- description: Minutes that the pipeline ran, megabytes that Athena scanned, estimated cost.
-- chart: bar x=day y=minutes
select
    cast(started_at as date) as day,
    count(*) as runs,
    round(sum(duration_seconds) / 60, 1) as minutes,
    round(sum(bytes_scanned) / 1e6, 1) as megabytes_scanned,
    round(sum(cost_estimate_usd), 4) as cost_usd
from pipeline_runs
group by 1
order by 1
