-- title: The longest streaks
-- description: Days in a row on which a user completed something, now and at best.
-- chart: table
-- parameters: rows=20
select
    insights.user_id,
    users.name,
    insights.current_streak_days,
    insights.longest_streak_days,
    insights.completed_tasks,
    insights.as_of
from user_insights as insights
left join dim_users as users on insights.user_id = users.user_id
order by insights.longest_streak_days desc, insights.current_streak_days desc, insights.user_id asc
limit {{ rows }}
