{#- The users that a query names, but for erased ones, with their time zones: rows of literals, so that a statement that
    reads them in several places scans the table of users once, before it. None when they are too many for a statement. -#}
{% macro changed_clocks(users) -%}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set most = var('max_listed_users', 1000) -%}
    {%- set sql -%}
        select
            changed.user_id,
            coalesce(profiles.time_zone, 'UTC') as time_zone,
            {{ user_bucket('changed.user_id') }} as user_bucket
        from ({{ users }}) as changed
        left join {{ ref('stg_users') }} as profiles on changed.user_id = profiles.user_id
        where not coalesce(profiles.is_deleted, false)
        order by 1
        limit {{ most + 1 }}
    {%- endset -%}
    {%- set rows = run_query(sql).rows | list -%}
    {%- if rows | length > most -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set clocks = [] -%}
    {%- set buckets = ['none'] -%}
    {%- for row in rows -%}
        {%- do clocks.append("('" ~ row[0] | replace("'", "''") ~ "', '" ~ row[1] | replace("'", "''") ~ "')") -%}
        {%- if row[2] not in buckets -%}
            {%- do buckets.append(row[2]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'clocks': clocks, 'buckets': "('" ~ buckets | join("', '") ~ "')"}) }}
{%- endmacro %}
