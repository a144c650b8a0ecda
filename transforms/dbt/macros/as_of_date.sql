{#- The day that "overdue" and "active" refer to: today in UTC, or the variable as_of_date, so that a figure of a past
    day can be computed again. -#}
{% macro as_of_date() -%}
    date '{{ var("as_of_date", run_started_at.strftime("%Y-%m-%d")) }}'
{%- endmacro %}
