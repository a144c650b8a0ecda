{#- How far this incremental model has followed silver: the latest `merged_at` that it holds. None while the model is built
    for the first time or anew, and when `held` and `expected` differ: then it is to be compared as a whole. -#}
{% macro high_water_mark(held, expected) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set mark = run_query('select cast(max(merged_at) as varchar) from ' ~ this).rows[0][0] -%}
    {%- if not mark -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set both = 'select (' ~ held ~ ') as held, (' ~ expected ~ ') as expected' -%}
    {%- set counts = run_query(both | replace('{mark}', "timestamp '" ~ mark ~ "'") | replace('{utc}', utc(mark))).rows[0] -%}
    {%- if counts[0] != counts[1] -%}
        {%- do log(this.identifier ~ ' holds ' ~ counts[0] ~ ' where ' ~ counts[1] ~ ' are due: it is compared as a whole', info=true) -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(mark) }}
{%- endmacro %}


{#- A mark as silver's columns have instants, so that a comparison prunes files. -#}
{% macro utc(mark) -%}
    timestamp '{{ mark }} UTC'
{%- endmacro %}
