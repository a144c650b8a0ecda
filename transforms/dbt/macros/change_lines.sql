{#- What silver demands of a line of bronze, for the changes that it does not hold yet; the same rules as the job's. -#}
{% macro utc_instant(text) -%}
    try(cast(at_timezone(from_iso8601_timestamp_nanos({{ text }}), 'UTC') as timestamp(6)))
{%- endmacro %}


{% macro text_of(object, name) -%}
    json_extract_scalar(element_at({{ object }}, '{{ name }}'), '$')
{%- endmacro %}


{#- The attributes without which the job rejects an image: api/contract.py has them, and a test compares. -#}
{% macro has_required_attributes(entity_type, image) -%}
    {%- set required = {
        'TASK': ['id', 'user_id', 'title', 'status', 'priority', 'created_at', 'updated_at', 'version'],
        'USER': ['user_id', 'created_at', 'updated_at', 'version']
    } -%}
    (
        {%- for kind, names in required.items() %}
        {{- ' or ' if not loop.first }}({{ entity_type }} = '{{ kind }}'
        {%- for name in names %} and {{ text_of(image, name) }} is not null{% endfor %})
        {%- endfor -%}
    )
{%- endmacro %}


{#- Sequence numbers have 1 to 40 digits, too many for a number. -#}
{% macro sequence_order(sequence_number) -%}
    lpad({{ sequence_number }}, 40, '0')
{%- endmacro %}
