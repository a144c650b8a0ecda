with

-- A purge comes weeks after the user's last word on the task: nobody was active.
changes_by_users as (
    select * from {{ ref('fct_task_events') }} where event_type != 'purged'
),

activity as (
    select
        user_id,

        count(*) as events,
        count_if(event_type = 'created') as tasks_created,
        count_if(event_type = 'completed') as tasks_completed,
        count_if(event_type = 'reopened') as tasks_reopened,
        count_if(event_type = 'cancelled') as tasks_cancelled,
        count_if(event_type = 'deleted') as tasks_deleted,

        event_date as activity_date
    from changes_by_users
    group by event_date, user_id
)

select * from activity
