-- title: Activity by day of the week
-- description: When people create and complete tasks.
-- chart: bar x=weekday y=created,completed unit=tasks
select
    cast(dates.day_of_week as varchar) || ' ' || dates.day_name as weekday,
    sum(activity.tasks_created) as created,
    sum(activity.tasks_completed) as completed
from fct_daily_activity as activity
inner join dim_dates as dates on activity.activity_date = dates.date_day
group by 1
order by 1
