with

activity as (
    select * from {{ ref('int_daily_activity') }}
),

final as (
    select
        user_id,

        events,
        tasks_created,
        tasks_completed,
        tasks_reopened,
        tasks_cancelled,
        tasks_deleted,

        activity_date
    from activity
    where events > 0
)

select * from final
