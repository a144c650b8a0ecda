-- title: Key figures
-- description: Every figure of business_metrics_kpis and what it counts; live tasks are those that are not deleted.
-- chart: table
select
    metric,
    value,
    case metric
        when 'active_users' then 'Users with a change of a task or of the profile in the last {{ active_days() }} days'
        when 'total_users' then 'Users who are not erased'
        when 'total_tasks' then 'Live tasks'
        when 'open_tasks' then 'Live tasks that are pending or in progress'
        when 'overdue_tasks' then 'Live open tasks whose due date is before the day of the run'
        when 'high_priority_tasks' then 'Live tasks of priority high or urgent'
        when 'completion_rate_pct' then 'Completed of all live tasks, in percent'
        when 'cycle_time_p50_hours' then 'Hours to completion that half of the completed live tasks took at most'
        when 'cycle_time_p90_hours' then 'Hours to completion that nine of ten completed live tasks took at most'
        else 'Live tasks in this status'
    end as meaning
from business_metrics_kpis
order by metric
