{%- set measures = ['events', 'tasks_created', 'tasks_completed', 'tasks_reopened', 'tasks_cancelled', 'tasks_deleted'] %}
{%- set activity %}
    select
        user_id,

        count(*) as events,
        count_if(event_type = 'created') as tasks_created,
        count_if(event_type = 'completed') as tasks_completed,
        count_if(event_type = 'reopened') as tasks_reopened,
        count_if(event_type = 'cancelled') as tasks_cancelled,
        count_if(event_type = 'deleted') as tasks_deleted,

        event_date as activity_date
    from {{ ref('fct_task_events') }}
    where event_type != 'purged'
    group by event_date, user_id
{%- endset %}
{%- set mark %}
    select
        activity_date,
        user_id
        {%- for measure in measures %} || ' ' || cast({{ measure }} as varchar){% endfor %}
{%- endset %}

with

-- A purge comes weeks after the user's last word on the task: nobody was active.
activity as (
    {{ activity }}
),

final as (
    select *
    from activity
    where
        {{ in_days_that_differ(
            'activity_date',
            mark ~ ' from (' ~ activity ~ ')',
            mark ~ ' from ' ~ this
        ) }}
)

select * from final
