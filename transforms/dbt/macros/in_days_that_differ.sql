{#- A condition that keeps the days whose rows would be others than the ones that this incremental model holds; all days
    while the table is built anew. Days that have no rows any more are taken out here, because insert_overwrite replaces
    a partition by its new rows and so never learns of a day without any. -#}
{% macro in_days_that_differ(day, wanted, held) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return('true') }}
    {%- endif -%}
    {#- a day that nothing happened on, rather than `false`: every engine prunes by a day -#}
    {%- set no_day = "date '1970-01-01'" -%}
    {%- set state = state_to_build_from(model, model.raw_code) -%}
    {%- set mark = ' /* built from ' ~ state ~ ' */' -%}
    {%- if may_leave_alone() and held_state(model.unique_id) == state -%}
        {{ return(day ~ ' in (' ~ no_day ~ ')' ~ mark) }}
    {%- endif -%}
    {%- set differing -%}
        with wanted (day, mark) as (
            {{ wanted }}
        ),

        held (day, mark) as (
            {{ held }}
        ),

        -- each of the two is read once: Athena reads what is named twice twice
        compared as (
            select
                coalesce(wanted.day, held.day) as day,
                wanted.day as wanted_day,
                held.day as held_day
            from wanted
            full outer join held on wanted.day = held.day and wanted.mark = held.mark
        )

        select
            cast(day as varchar) as day,
            count(wanted_day) as wanted_rows
        from compared
        group by day
        having count_if(wanted_day is null or held_day is null) > 0
        order by day
    {%- endset -%}
    {%- set days, gone = [], [] -%}
    {%- for row in run_query(differing).rows -%}
        {%- do (days if row[1] | int else gone).append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {%- if gone and flags.WHICH in ('build', 'run') -%}
        {%- set partitions = [] -%}
        {%- for one in gone -%}
            {%- do partitions.append(config.get('partitioned_by')[0] ~ '=' ~ one | replace('date ', '')) -%}
        {%- endfor -%}
        {%- do adapter.clean_up_partitions(this, partitions) -%}
    {%- endif -%}
    {{ return(day ~ ' in (' ~ (days or [no_day]) | join(', ') ~ ')' ~ mark) }}
{%- endmacro %}
