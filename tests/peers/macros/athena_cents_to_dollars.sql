{# jaffle-shop's default writes `::numeric(16, 2)`; Athena has CAST only #}
{% macro athena__cents_to_dollars(column_name) -%}
    cast({{ column_name }} / cast(100 as decimal(16, 2)) as decimal(16, 2))
{%- endmacro %}
