{{ config(tags=['every_row'], warn_if='>0', error_if='>20') }}

-- Of a live task one period lasts, that of the status which it has: its events end where its latest state says.
with

current_periods as (
    select
        task_id,
        count(*) as periods,
        max(status) as status
    from {{ ref('fct_task_status_periods') }}
    where is_current
    group by task_id
)

select
    tasks.task_id,
    tasks.status,
    current_periods.periods,
    current_periods.status as current_status
from {{ ref('fct_tasks') }} as tasks
left join current_periods on tasks.task_id = current_periods.task_id
where
    current_periods.periods is null
    or current_periods.periods != 1
    or current_periods.status != tasks.status
