{#- Days by the clock of a user: the IANA time zone of the profile. A zone that Athena does not know counts as UTC. -#}
{% macro day_in(instant, time_zone) -%}
    cast(coalesce(
        try(at_timezone(with_timezone({{ instant }}, 'UTC'), {{ time_zone }})), with_timezone({{ instant }}, 'UTC')
    ) as date)
{%- endmacro %}


{% macro start_of(day, time_zone) -%}
    coalesce(
        try(cast(at_timezone(with_timezone(cast({{ day }} as timestamp(6)), {{ time_zone }}), 'UTC') as timestamp(6))),
        cast({{ day }} as timestamp(6))
    )
{%- endmacro %}
