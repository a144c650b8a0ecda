with

live_tasks as (
    select * from {{ ref('int_live_tasks') }}
),

-- Only a removal leaves a task deleted; whatever else happens to it shows that it is there.
states as (
    select
        task_id,
        user_id,
        status,
        event_type in ('deleted', 'purged') as is_deleted,
        occurred_at,
        row_number() over (partition by task_id order by version, occurred_at, event_id) as position
    from {{ ref('int_kept_events') }}
),

neighbours as (
    select
        *,
        lag(status) over (partition by task_id order by position) as status_before,
        lag(is_deleted) over (partition by task_id order by position) as was_deleted
    from states
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
    from neighbours
    where was_deleted is null or status != status_before or is_deleted != was_deleted
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
