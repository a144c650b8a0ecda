{#- The rows that an incremental model merges: those of `current`, and those of `gone` with nothing but their key. A row
    without `merged_at` is one that dbt-athena's MERGE deletes (delete_condition, insert_condition in dbt_project.yml). -#}
{% macro merge_rows(current, gone, key, columns) -%}
    select {{ (key + columns) | join(', ') }} from {{ current }}
    {% if is_incremental() and gone -%}
        union all
        select
            {{ key | join(', ') }}
            {%- for column in columns -%}
                , null as {{ column }}
            {%- endfor %}
        from {{ gone }}
    {%- endif %}
{%- endmacro %}
