{#- The rules about tasks that several models need. -#}
{% macro is_open(status) -%}
    {{ status }} in ('pending', 'in_progress')
{%- endmacro %}


{#- A change itself says what it did: it carries what the task was before. -#}
{% macro is_open_after_change() -%}
    (event_type not in ('deleted', 'purged') and {{ is_open('status') }})
{%- endmacro %}


{% macro was_open_before_change() -%}
    (previous_status is not null and {{ is_open('previous_status') }} and not coalesce(was_deleted, false))
{%- endmacro %}


{% macro is_overdue(is_open, due_date) -%}
    coalesce({{ is_open }} and {{ due_date }} < {{ as_of_date() }}, false)
{%- endmacro %}


{% macro erased_users() -%}
    select user_id from {{ ref('stg_users') }} where is_deleted
{%- endmacro %}
