{#- The rules about users that several models need; they read the columns of int_users. -#}
{% macro first_seen() -%}
    coalesce(least(created_at, first_event_at), created_at, first_event_at)
{%- endmacro %}


{% macro last_updated() -%}
    coalesce(greatest(updated_at, last_event_at), updated_at, last_event_at, first_event_at)
{%- endmacro %}
