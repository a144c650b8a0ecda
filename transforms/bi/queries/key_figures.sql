-- title: Key figures
-- description: Every figure of business_metrics_kpis, as the dashboard's first page shows them.
-- chart: table
select
    metric,
    value
from business_metrics_kpis
order by metric
