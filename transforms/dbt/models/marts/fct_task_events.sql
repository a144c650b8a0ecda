{% set mark %}
    select
        event_date,
        cast(count(*) as varchar)
        || ' '
        || cast(sum(date_diff('millisecond', timestamp '2020-01-01 00:00:00', cast(ingested_at as timestamp(3)))) as varchar)
{%- endset %}

with

kept_events as (
    select *
    from {{ ref('int_kept_events') }}
    where
        {{ in_days_that_differ(
            'event_date',
            mark ~ ' from ' ~ ref('int_kept_events') ~ ' group by event_date',
            mark ~ ' from ' ~ this ~ ' group by event_date'
        ) }}
),

final as (
    select
        event_id,
        task_id,
        user_id,

        event_type,

        -- Hive tables hold milliseconds
        cast(occurred_at as timestamp(3)) as occurred_at,
        cast(ingested_at as timestamp(3)) as ingested_at,

        version,
        status,
        previous_status,
        priority,
        category,
        due_date,

        event_date
    from kept_events
)

select * from final
