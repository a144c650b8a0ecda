-- title: New users per week
-- description: Users by the week in which they were first seen.
-- chart: bar x=week y=new_users
select
    cast(date_trunc('week', first_seen) as date) as week,
    count(*) as new_users
from dim_users
group by 1
order by 1
