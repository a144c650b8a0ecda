{#- How far this incremental model has followed silver: the latest `merged_at` that it holds. None while the model is built
    for the first time or anew, and when `held` and `expected` differ: then it is to be compared as a whole. -#}
{% macro high_water_mark(held, expected, erased=none) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return({'mark': none, 'erased': true}) }}
    {%- endif -%}
    {%- set count_erased = '(select count(*) from (' ~ erased ~ ') as erased)' if erased else '0' -%}
    {%- set found = run_query('select cast(max(merged_at) as varchar), ' ~ count_erased ~ ' from ' ~ this).rows[0] -%}
    {%- set mark, is_anyone_erased = found[0], found[1] > 0 -%}
    {%- if not mark -%}
        {{ return({'mark': none, 'erased': is_anyone_erased}) }}
    {%- endif -%}
    {#- Whose rows they are takes a column of every row, so it is asked only while somebody is erased. -#}
    {%- set not_erased = 'user_id not in (' ~ erased ~ ')' if is_anyone_erased else 'true' -%}
    {%- set both = 'select (' ~ held ~ ') as held, (' ~ expected ~ ') as expected' -%}
    {%- set both = both | replace('{mark}', "timestamp '" ~ mark ~ "'") | replace('{utc}', utc(mark)) -%}
    {%- set counts = run_query(both | replace('{not_erased}', not_erased)).rows[0] -%}
    {%- if counts[0] != counts[1] -%}
        {%- do log(this.identifier ~ ' holds ' ~ counts[0] ~ ' where ' ~ counts[1] ~ ' are due: it is compared as a whole', info=true) -%}
        {{ return({'mark': none, 'erased': is_anyone_erased}) }}
    {%- endif -%}
    {{ return({'mark': mark, 'erased': is_anyone_erased}) }}
{%- endmacro %}


{#- A mark as silver's columns have instants, so that a comparison prunes files. -#}
{% macro utc(mark) -%}
    timestamp '{{ mark }} UTC'
{%- endmacro %}
