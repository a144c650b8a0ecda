{{ config(tags=['every_row']) }}

-- Each day opens with what the day before left, and the last one ends with what all changes come to.
with

backlog as (
    select
        *,
        lag(open_tasks, 1, 0) over (order by backlog_date) as open_before
    from {{ ref('fct_daily_backlog') }}
),

effects as (
    select
        event_date,
        if({{ is_open_after_change() }}, 1, 0) - if({{ was_open_before_change() }}, 1, 0) as effect
    from {{ ref('int_kept_events') }}
),

days as (
    select
        cast(backlog_date as varchar) as what,
        open_tasks,
        open_before + created_tasks + reopened_tasks + restored_tasks
        - completed_tasks - cancelled_tasks - deleted_tasks as expected
    from backlog
),

last_day as (
    select
        'the last day' as what,
        coalesce(max_by(open_tasks, backlog_date), 0) as open_tasks,
        (select coalesce(sum(effect), 0) from effects where event_date <= {{ as_of_date() }}) as expected
    from backlog
),

figures as (
    select * from days
    union all
    select * from last_day
)

select * from figures where open_tasks != expected
