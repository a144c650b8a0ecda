{#- The day that "overdue" and "active" refer to: today in UTC, or the variable as_of_date, so that a figure of a past
    day can be computed again. -#}
{% macro as_of_date() -%}
    date '{{ var("as_of_date", run_started_at.strftime("%Y-%m-%d")) }}'
{%- endmacro %}


{#- The day that live figures refer to: the day on which somebody asks, or the variable as_of_date. -#}
{% macro live_date() -%}
    {%- if var('as_of_date', none) -%}
        {{ as_of_date() }}
    {%- else -%}
        current_date
    {%- endif -%}
{%- endmacro %}
