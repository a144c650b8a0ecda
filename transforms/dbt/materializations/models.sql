{#- dbt-athena's materializations, each of which begins by asking whether there is anything to do. -#}
{% materialization table, adapter='athena', supported_languages=['sql'] -%}
    {{ return(built_unless_it_stands(dbt.materialization_table_athena)) }}
{%- endmaterialization %}


{% materialization view, adapter='athena', supported_languages=['sql'] -%}
    {{ return(built_unless_it_stands(dbt.materialization_view_athena)) }}
{%- endmaterialization %}


{% materialization incremental, adapter='athena', supported_languages=['sql'] -%}
    {{ return(built_unless_it_stands(dbt.materialization_incremental_athena)) }}
{%- endmaterialization %}


{% macro built_unless_it_stands(materialization) -%}
    {#- the state that the days were compared in, if they were: silver may have moved on since -#}
    {%- set compared = modules.re.search('/[*] built from (\w+) [*]/', model.compiled_code) -%}
    {%- set incremental = model.config.materialized == 'incremental' -%}
    {%- set code = model.raw_code if incremental else model.compiled_code -%}
    {%- set state = compared.group(1) if compared else state_to_build_from(model, code) -%}
    {%- set held = held_state(model.unique_id) -%}
    {%- if may_leave_alone() and held == state -%}
        {%- call noop_statement('main', 'STANDS', 'STANDS') -%}{%- endcall -%}
        {{ return({'relations': [this]}) }}
    {%- endif -%}
    {%- if held and incremental -%}
        {#- a build that fails half way leaves days of two states -#}
        {%- do note(model.unique_id, {'built_from': 'two states, ' ~ invocation_id}) -%}
    {%- endif -%}
    {#- it reaches the catalog with the descriptions, when all else is done -#}
    {%- do model.config.meta.update({'built_from': state}) -%}
    {{ return(materialization()) }}
{%- endmacro %}
