-- title: Retention by cohort
-- description: Of the users who came in a week, the share that was active so many weeks later.
-- chart: heatmap x=weeks_since y=cohort_week color=retention_pct
select
    cohort_week,
    weeks_since,
    users,
    active_users,
    round(retention_pct, 1) as retention_pct
from agg_cohort_retention
order by cohort_week, weeks_since
