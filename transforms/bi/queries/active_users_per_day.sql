-- title: Active users per day
-- description: Users who changed at least one task that day, and the average of seven days.
-- chart: line x=day y=active_users,seven_day_average
select
    activity_date as day,
    count(distinct user_id) as active_users,
    round(
        avg(count(distinct user_id)) over (order by activity_date rows between 6 preceding and current row), 1
    ) as seven_day_average
from fct_daily_activity
group by activity_date
order by activity_date
