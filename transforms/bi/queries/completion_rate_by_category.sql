-- title: Completion rate by category
-- description: Share of a category's live tasks that are completed, largest categories first.
-- chart: bar x=category y=completion_rate_pct n=tasks
select
    coalesce(category, 'uncategorized') as category,
    count(*) as tasks,
    count_if({{ is_completed('status') }}) as completed_tasks,
    round({{ completion_rate_pct('status') }}, 1) as completion_rate_pct
from fct_tasks
group by coalesce(category, 'uncategorized')
order by tasks desc, category asc
