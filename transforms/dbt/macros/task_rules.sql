{#- The rules about tasks that several models need. -#}
{% macro is_open(status) -%}
    {{ status }} in ('pending', 'in_progress')
{%- endmacro %}


{% macro is_overdue(is_open, due_date) -%}
    coalesce({{ is_open }} and {{ due_date }} < {{ as_of_date() }}, false)
{%- endmacro %}


{% macro erased_users() -%}
    select user_id from {{ ref('stg_users') }} where is_deleted
{%- endmacro %}
