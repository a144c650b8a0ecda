-- title: Time that tasks spend in each status
-- description: Average hours of live tasks' finished periods in a status: waiting shows as pending.
-- chart: bar x=status y=average_hours n=periods
select
    status,
    count(*) as periods,
    round(avg(hours), 1) as average_hours
from fct_task_status_periods
where not is_current
group by status
order by average_hours desc
