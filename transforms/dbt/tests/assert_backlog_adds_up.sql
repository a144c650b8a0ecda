{{ config(tags=['every_row']) }}

-- Each day opens with what the day before left; the last one with the open tasks of silver itself, unless as_of_date is
-- in the past.
with

backlog as (
    select
        *,
        lag(open_tasks, 1, 0) over (order by backlog_date) as open_before
    from {{ ref('fct_daily_backlog') }}
),

open_in_silver as (
    select count(*) as open_tasks
    from {{ source('silver', 'tasks') }}
    where
        not is_deleted
        and {{ is_open('status') }}
        and user_id not in (select user_id from {{ source('silver', 'users') }} where is_deleted)
),

wrong_days as (
    select
        backlog_date,
        open_tasks,
        open_before + created_tasks + reopened_tasks + restored_tasks
        - completed_tasks - cancelled_tasks - deleted_tasks as expected
    from backlog
    where
        open_tasks
        != open_before + created_tasks + reopened_tasks + restored_tasks
        - completed_tasks - cancelled_tasks - deleted_tasks
),

wrong_end as (
    select
        backlog.backlog_date,
        backlog.open_tasks,
        open_in_silver.open_tasks as expected
    from backlog
    cross join open_in_silver
    where
        backlog.backlog_date = (select max(backlog_date) from {{ ref('fct_daily_backlog') }})
        and backlog.open_tasks != open_in_silver.open_tasks
        and not exists (select 1 from {{ ref('fct_task_events') }} where event_date > {{ as_of_date() }})
)

select * from wrong_days
union all
select * from wrong_end
