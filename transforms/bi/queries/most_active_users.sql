-- title: The most active users
-- description: Users by changes in the calendar days up to the last one with a change, 28 of them unless
--   another number is given; names are masked.
-- chart: table
-- parameters: rows=20 days=28
with

as_of as (
    select max(activity_date) as day from fct_daily_activity
)

select
    activity.user_id,
    max(users.name) as name,
    sum(activity.events) as events,
    sum(activity.tasks_created) as created,
    sum(activity.tasks_completed) as completed,
    count(*) as active_days
from fct_daily_activity as activity
cross join as_of
left join dim_users as users on activity.user_id = users.user_id
where activity.activity_date > as_of.day - interval '{{ days }}' day
group by activity.user_id
order by events desc, activity.user_id asc
limit {{ rows }}
