with

users as (
    select
        user_id,
        cast(date_trunc('week', first_seen) as date) as cohort_week
    from {{ ref('dim_users') }}
    where cast(date_trunc('week', first_seen) as date) <= {{ as_of_date() }}
),

active_weeks as (
    select distinct
        user_id,
        date_trunc('week', activity_date) as active_week
    from {{ ref('fct_daily_activity') }}
),

cohorts as (
    select
        cohort_week,
        count(*) as users
    from users
    group by cohort_week
),

weeks as (
    select
        cohorts.cohort_week,
        cohorts.users,
        weeks.active_week
    from cohorts
    cross join
        unnest(sequence(cohorts.cohort_week, {{ as_of_date() }}, interval '7' day)) as weeks (active_week)
),

activity as (
    select
        users.cohort_week,
        active_weeks.active_week,
        count(*) as active_users
    from users
    inner join active_weeks on users.user_id = active_weeks.user_id
    group by users.cohort_week, active_weeks.active_week
),

final as (
    select
        weeks.cohort_week,
        cast(date_diff('week', weeks.cohort_week, weeks.active_week) as integer) as weeks_since,

        weeks.users,
        coalesce(activity.active_users, 0) as active_users,
        round(1e2 * coalesce(activity.active_users, 0) / weeks.users, 2) as retention_pct
    from weeks
    left join activity
        on
            weeks.cohort_week = activity.cohort_week
            and weeks.active_week = activity.active_week
)

select * from final
