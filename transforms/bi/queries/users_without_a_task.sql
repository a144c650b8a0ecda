-- title: Users who never created a task
-- description: People who signed up and have not created a task yet, not even one that was deleted since: whom to help
--   with the first one.
-- chart: table
with

creators as (
    select user_id from fct_task_events where event_type = 'created'
    union distinct
    select user_id from fct_tasks
)

select
    users.user_id,
    users.name,
    users.email_domain,
    users.first_seen
from dim_users as users
left join creators on users.user_id = creators.user_id
where creators.user_id is null and users.is_known_profile
order by users.first_seen, users.user_id
limit 100
