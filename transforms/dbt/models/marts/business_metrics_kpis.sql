with

live_tasks as (
    select * from {{ ref('fct_tasks') }}
),

users as (
    select * from {{ ref('user_analytics') }}
),

task_figures as (
    select
        count(*) as total_tasks,
        count_if(status = 'pending') as pending_tasks,
        count_if(status = 'in_progress') as in_progress_tasks,
        count_if(status = 'completed') as completed_tasks,
        count_if(status = 'cancelled') as cancelled_tasks,
        count_if(is_overdue) as overdue_tasks,
        count_if(priority in ('high', 'urgent')) as high_priority_tasks
    from live_tasks
),

user_figures as (
    select
        count(*) as total_users,
        count_if(last_updated >= {{ as_of_date() }} - interval '30' day) as active_users
    from users
),

figures as (
    select
        user_figures.*,
        task_figures.*,
        case
            when task_figures.total_tasks = 0 then 0e0
            else round(1e2 * task_figures.completed_tasks / task_figures.total_tasks, 2)
        end as completion_rate_pct
    from user_figures
    cross join task_figures
),

-- Crossing the one row of figures with their names reads the tasks once; a union would read them once per metric.
metrics (metric) as (
    values
    ('total_users'),
    ('active_users'),
    ('total_tasks'),
    ('pending_tasks'),
    ('in_progress_tasks'),
    ('completed_tasks'),
    ('cancelled_tasks'),
    ('overdue_tasks'),
    ('high_priority_tasks'),
    ('completion_rate_pct')
),

final as (
    select
        metrics.metric,

        cast(
            case metrics.metric
                when 'total_users' then figures.total_users
                when 'active_users' then figures.active_users
                when 'total_tasks' then figures.total_tasks
                when 'pending_tasks' then figures.pending_tasks
                when 'in_progress_tasks' then figures.in_progress_tasks
                when 'completed_tasks' then figures.completed_tasks
                when 'cancelled_tasks' then figures.cancelled_tasks
                when 'overdue_tasks' then figures.overdue_tasks
                when 'high_priority_tasks' then figures.high_priority_tasks
                when 'completion_rate_pct' then figures.completion_rate_pct
            end as double
        ) as value
    from figures
    cross join metrics
)

select * from final
