{#- Two queries of one number, for `lately` of high_water_mark: the events that this model has counted and those that came
    since, against all that there are now. An event that was corrected came again, and is no other one. -#}
{% macro followed_events() -%}
    {%- set held -%}
        select
            coalesce(max(followed_events), 0)
            + (select count(*) from {{ ref('int_kept_events') }} where merged_at > {mark})
            - (select coalesce(sum(changes), 0) from {{ this }} where not ({not_erased}))
        from {{ this }}
        where merged_at = {mark}
    {%- endset -%}
    {{ return((held, 'select count(*) from ' ~ ref('int_kept_events'))) }}
{%- endmacro %}
