{% set columns = [
    'user_id', 'status', 'is_deleted', 'is_open', 'is_new_state', 'effect', 'due_date', 'occurred_at', 'event_date',
    'next_event_date', 'merged_at'
] %}
{% set mark = high_water_mark(
    'select count(*) from ' ~ this ~ ' where user_id not in (' ~ erased_users() ~ ')',
    'select count(*) from ' ~ ref('int_kept_events') ~ ' where merged_at <= {mark} and user_id not in ('
    ~ erased_users() ~ ')'
) %}
{% set touched =
    '(held.task_id in (select changed.task_id from effects as changed)'
    ~ ' or held.user_id in (' ~ erased_users() ~ '))'
    if mark else 'true'
%}
with

events as (
    select *
    from {{ ref('int_kept_events') }}
    {% if mark -%}
        where
            task_id in (select task_id from {{ ref('int_kept_events') }} where merged_at > timestamp '{{ mark }}')
    {%- endif %}
),

-- Only a removal leaves a task deleted; whatever else happens to it shows that it is there.
states as (
    select
        task_id,
        user_id,
        status,
        due_date,
        occurred_at,
        event_date,
        merged_at,
        event_type in ('deleted', 'purged') as is_deleted,
        event_type not in ('deleted', 'purged') and {{ is_open('status') }} as is_open,
        row_number() over (partition by task_id order by version, occurred_at, event_id) as position
    from events
),

neighbours as (
    select
        *,
        lag(status) over (partition by task_id order by position) as previous_status,
        lag(is_deleted) over (partition by task_id order by position) as was_deleted,
        lag(is_open) over (partition by task_id order by position) as was_open,
        lead(event_date) over (partition by task_id order by position) as next_event_date
    from states
),

-- What a change did is seen from the states on its two sides: events may be missing while data is late.
effects as (
    select
        task_id,
        position,
        user_id,

        status,
        is_deleted,
        is_open,
        was_deleted is null or status != previous_status or is_deleted != was_deleted as is_new_state,
        case
            when is_open and was_open is null then 'created'
            when is_open and not was_open and was_deleted then 'restored'
            when is_open and not was_open then 'reopened'
            when not is_open and was_open and is_deleted then 'deleted'
            when not is_open and was_open and status = 'completed' then 'completed'
            when not is_open and was_open then 'cancelled'
        end as effect,

        due_date,
        occurred_at,

        event_date,
        next_event_date,

        merged_at
    from neighbours
),

{% if is_incremental() -%}
    gone_states as (
        select
            held.task_id,
            held.position
        from {{ this }} as held
        left join effects on held.task_id = effects.task_id and held.position = effects.position
        where
            effects.task_id is null
            and {{ touched }}
    ),

{% endif -%}
final as (
    {{ merge_rows('effects', 'gone_states', ['task_id', 'position'], columns) }}
)

select * from final
