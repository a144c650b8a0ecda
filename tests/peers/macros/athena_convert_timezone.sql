{# dbt_date knows Trino's functions, but dbt-athena does not name Trino as its dialect #}
{% macro athena__convert_timezone(column, target_tz, source_tz) -%}
    {{ return(dbt_date.trino__convert_timezone(column, target_tz, source_tz)) }}
{%- endmacro %}
