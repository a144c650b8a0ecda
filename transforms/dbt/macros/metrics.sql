{#- What each metric counts, once. Models call these macros; transforms/bi/metrics.py renders them into the saved queries and
    the dashboard's SQL, so they use nothing but Jinja. What each metric means and how exact it is: metrics.yml. -#}
{% macro is_open(status) -%}
    {{ status }} in ('pending', 'in_progress')
{%- endmacro %}


{% macro is_completed(status) -%}
    {{ status }} = 'completed'
{%- endmacro %}


{% macro overdue_from(due_date) -%}
    {{ due_date }} + interval '1' day
{%- endmacro %}


{#- With a due time and an instant, the time decides for those tasks that have one. -#}
{% macro is_overdue(is_open, due_date, day, due_at=none, instant=none) -%}
    {%- set after_due_day = overdue_from(due_date) ~ ' <= ' ~ day -%}
    {%- if due_at -%}
        {%- set is_late = 'case when ' ~ due_at ~ ' is not null then ' ~ due_at ~ ' < ' ~ instant ~ ' else ' ~ after_due_day ~ ' end' -%}
    {%- endif -%}
    coalesce({{ is_open }} and {{ is_late if due_at else after_due_day }}, false)
{%- endmacro %}


{% macro active_days() -%}
    30
{%- endmacro %}


{% macro is_active(last_change, day) -%}
    {{ last_change }} >= {{ day }} - interval '{{ active_days() }}' day
{%- endmacro %}


{% macro completion_rate_pct(status) -%}
    coalesce(1e2 * count_if({{ is_completed(status) }}) / nullif(count(*), 0), 0e0)
{%- endmacro %}


{% macro cycle_time_hours(status, created_at, completed_at) -%}
    case
        when {{ is_completed(status) }} then date_diff('millisecond', {{ created_at }}, {{ completed_at }}) / 3.6e6
    end
{%- endmacro %}


{#- Trino's approx_percentile is an estimate that differs from run to run; this one is exact. -#}
{% macro nearest_rank(measure, share) -%}
    element_at(
        array_sort(array_agg({{ measure }}) filter (where {{ measure }} is not null)),
        greatest(1, cast(ceiling({{ share }} * count({{ measure }})) as integer))
    )
{%- endmacro %}


{#- A change itself says what it did: it carries what the task was before. -#}
{% macro is_open_after_change() -%}
    (event_type not in ('deleted', 'purged') and {{ is_open('status') }})
{%- endmacro %}


{% macro was_open_before_change() -%}
    (previous_status is not null and {{ is_open('previous_status') }} and not coalesce(was_deleted, false))
{%- endmacro %}


{#- What a change did to the backlog; null if it neither opened nor closed a task. -#}
{% macro backlog_effect() -%}
    case
        when {{ is_open_after_change() }} and not {{ was_open_before_change() }} and event_type = 'created' then 'created'
        when {{ is_open_after_change() }} and not {{ was_open_before_change() }} and event_type = 'restored' then 'restored'
        when {{ is_open_after_change() }} and not {{ was_open_before_change() }} then 'reopened'
        when not {{ is_open_after_change() }} and {{ was_open_before_change() }} and event_type in ('deleted', 'purged') then 'deleted'
        when not {{ is_open_after_change() }} and {{ was_open_before_change() }} and {{ is_completed('status') }} then 'completed'
        when not {{ is_open_after_change() }} and {{ was_open_before_change() }} then 'cancelled'
    end
{%- endmacro %}
