-- title: Runs of the pipeline
-- description: The last hundred runs: how long, how much was read, what it may have cost.
-- chart: table
select
    run_id,
    started_at,
    round(duration_seconds / 60, 1) as minutes,
    full_refresh,
    events_read,
    rejects,
    models_built,
    tests_passed,
    round(bytes_scanned / 1e6, 1) as megabytes_scanned,
    round(cost_estimate_usd, 4) as cost_usd
from pipeline_runs
order by started_at desc
limit 100
