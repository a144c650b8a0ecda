-- title: Cancelled tasks by category
-- description: Share of a category's live tasks that are cancelled: what is planned and then not done.
-- chart: bar x=category y=cancelled_pct n=tasks
select
    coalesce(category, 'uncategorized') as category,
    count(*) as tasks,
    count_if(status = 'cancelled') as cancelled_tasks,
    round(1e2 * count_if(status = 'cancelled') / count(*), 1) as cancelled_pct
from fct_tasks
group by coalesce(category, 'uncategorized')
having count_if(status = 'cancelled') > 0
order by cancelled_pct desc, category asc
