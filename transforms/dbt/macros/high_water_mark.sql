{#- How far this incremental model has followed silver: the latest `merged_at` that it holds. None while the model is built
    for the first time or anew, after a build that did not end, and when `held` and `expected` differ: then it is to be
    compared as a whole. -#}
{% macro high_water_mark(held, expected, erased=none, lately=none, key=none) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return({'mark': none, 'erased': true}) }}
    {%- endif -%}
    {%- set since = env_var('DBT_CHANGED_SINCE', '') -%}
    {%- set count_erased = '(select count(*) from (' ~ erased ~ ') as erased)' if erased else '0' -%}
    {%- set newest = 'select cast(max(merged_at) as varchar), ' ~ count_erased ~ ' from ' ~ this -%}
    {#- A condition on the time spares all files but the newest ones; where they hold nothing, every file is asked. -#}
    {%- set found = run_query(newest ~ (" where merged_at >= timestamp '" ~ since ~ "'" if since else '')).rows[0] -%}
    {%- if since and not found[0] -%}
        {%- set found = run_query(newest).rows[0] -%}
    {%- endif -%}
    {%- set mark, is_anyone_erased = found[0], found[1] > 0 -%}
    {%- set whole = {'mark': none, 'erased': is_anyone_erased} -%}
    {%- if not mark -%}
        {{ return(whole) }}
    {%- endif -%}
    {#- A MERGE that meets more than a hundred partitions is several statements, of which a killed build may have run some. -#}
    {%- if load_relation(this.incorporate(path={'identifier': this.identifier ~ '__dbt_tmp'})) -%}
        {%- do log('the last build of ' ~ this.identifier ~ ' did not end: it is compared as a whole', info=true) -%}
        {{ return(whole) }}
    {%- endif -%}
    {%- if key and not since -%}
        {%- set repeated = run_query('select count(*) - 2 * count(distinct ' ~ key ~ ') from ' ~ this).rows[0][0] -%}
        {%- if repeated > 0 -%}
            {%- do log(this.identifier ~ ' is long: it is compared as a whole', info=true) -%}
            {{ return(whole) }}
        {%- endif -%}
    {%- endif -%}
    {#- Whose rows they are takes a column of every row, so it is asked only while somebody is erased. -#}
    {%- set not_erased = 'user_id not in (' ~ erased ~ ')' if is_anyone_erased else 'true' -%}
    {%- if lately and since -%}
        {%- set held, expected = lately -%}
        {%- if '{committed_at}' in held -%}
            {%- set snapshots = this.incorporate(path={'identifier': this.identifier ~ '$snapshots'}) -%}
            {%- set latest = 'select cast(cast(max(committed_at) as timestamp(6)) as varchar) from ' ~ snapshots -%}
            {%- set held = held | replace('{committed_at}', "timestamp '" ~ run_query(latest).rows[0][0] ~ "'") -%}
        {%- endif -%}
    {%- endif -%}
    {%- set both = 'select (' ~ held ~ ') as held, (' ~ expected ~ ') as expected' -%}
    {%- set both = both | replace('{mark}', "timestamp '" ~ mark ~ "'") | replace('{utc}', utc(mark)) -%}
    {%- set counts = run_query(both | replace('{not_erased}', not_erased)).rows[0] -%}
    {%- if counts[0] != counts[1] -%}
        {%- do log(this.identifier ~ ' holds ' ~ counts[0] ~ ' where ' ~ counts[1] ~ ' are due: it is compared as a whole', info=true) -%}
        {{ return(whole) }}
    {%- endif -%}
    {{ return({'mark': mark, 'erased': is_anyone_erased}) }}
{%- endmacro %}


{#- A mark as silver's columns have instants, so that a comparison prunes files. -#}
{% macro utc(mark) -%}
    timestamp '{{ mark }} UTC'
{%- endmacro %}
