{#- The rules about tasks that several models need; what metrics count is in metrics.sql. -#}
{% macro erased_users() -%}
    select user_id from {{ ref('stg_users') }} where is_deleted
{%- endmacro %}
