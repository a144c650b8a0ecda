{% set mark -%}
    select
        activity_date,
        user_id || ' '
        || array_join(array[events, tasks_created, tasks_completed, tasks_reopened, tasks_cancelled, tasks_deleted], ' ')
{%- endset -%}

with

activity as (
    select *
    from {{ ref('int_daily_activity') }}
    where
        {{ in_days_that_differ(
            'activity_date',
            mark ~ ' from ' ~ ref('int_daily_activity'),
            mark ~ ' from ' ~ this
        ) }}
)

select
    user_id,

    events,
    tasks_created,
    tasks_completed,
    tasks_reopened,
    tasks_cancelled,
    tasks_deleted,

    activity_date
from activity
