-- title: What changed the backlog, week by week
-- description: Every way in which a task enters or leaves the backlog; the sum of a week is the change of open
--   tasks.
-- chart: bar x=week y=tasks color=reason partial=is_partial
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

reasons (reason, effect) as (
    values ('created', 1), ('reopened', 1), ('restored', 1), ('completed', -1), ('cancelled', -1), ('deleted', -1)
),

changes as (
    select
        cast(date_trunc('week', backlog.backlog_date) as date) as week,
        reasons.reason,
        sum(
            reasons.effect * case reasons.reason
                when 'created' then backlog.created_tasks
                when 'reopened' then backlog.reopened_tasks
                when 'restored' then backlog.restored_tasks
                when 'completed' then backlog.completed_tasks
                when 'cancelled' then backlog.cancelled_tasks
                when 'deleted' then backlog.deleted_tasks
            end
        ) as tasks,
        date_trunc('week', backlog.backlog_date) + interval '6' day >= max(as_of.day) as is_partial
    from fct_daily_backlog as backlog
    cross join as_of
    cross join reasons
    group by date_trunc('week', backlog.backlog_date), reasons.reason
)

select * from changes
where tasks <> 0
order by week, reason
