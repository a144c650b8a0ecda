{% macro query_column(sql) -%}
    {{ return(run_query(sql).columns[0].values() | list if execute else []) }}
{%- endmacro %}
