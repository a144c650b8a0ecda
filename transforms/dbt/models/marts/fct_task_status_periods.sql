with

states as (
    select * from {{ ref('int_task_states') }}
),

live_tasks as (
    select * from {{ ref('int_live_tasks') }}
),

-- A status begins with a change of it and ends with the next one, or with the task's deletion.
turning_points as (
    select
        task_id,
        user_id,
        status,
        is_deleted,
        occurred_at as started_at,
        lead(occurred_at) over (partition by task_id order by position) as ended_at
    from states
    where is_new_state
),

periods as (
    select
        turning_points.task_id,
        turning_points.user_id,

        turning_points.status,

        turning_points.started_at,
        turning_points.ended_at,

        turning_points.ended_at is null as is_current,
        date_diff('millisecond', turning_points.started_at, turning_points.ended_at) / 3.6e6 as hours
    from turning_points
    inner join live_tasks on turning_points.task_id = live_tasks.task_id
    where
        not turning_points.is_deleted
        and (turning_points.ended_at is null or turning_points.ended_at > turning_points.started_at)
)

select * from periods
