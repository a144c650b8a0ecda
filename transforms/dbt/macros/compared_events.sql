{#- How many events were compared as a whole after this model was built last, for `lately` of high_water_mark: then some of
    them, and of their users, went or came back without a sign of it. -#}
{% macro compared_events() -%}
    (select count(*) from {{ ref('int_kept_events') }} where compared_at > {committed_at})
{%- endmacro %}
