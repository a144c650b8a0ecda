-- title: Activity by hour of the day
-- description: Changes of tasks by hour and day of the week, UTC: the busy hours are dark.
-- chart: heatmap x=hour y=weekday color=events
select
    hour(events.occurred_at) as hour,
    cast(dates.day_of_week as varchar) || ' ' || dates.day_name as weekday,
    count(*) as events
from fct_task_events as events
inner join dim_dates as dates on events.event_date = dates.date_day
group by 1, 2
order by 2, 1
