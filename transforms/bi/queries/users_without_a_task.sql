-- title: Users who never created a task
-- description: People who signed up and have no task: whom to help with the first one.
-- chart: table
select
    users.user_id,
    users.name,
    users.email_domain,
    users.first_seen
from dim_users as users
left join fct_tasks as tasks on users.user_id = tasks.user_id
where tasks.task_id is null and users.is_known_profile
order by users.first_seen, users.user_id
limit 100
