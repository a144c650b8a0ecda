{#- dbt's own test, which is not run again on what it has passed. -#}
{% materialization test, default -%}
    {%- set state = state_to_build_from(model, sql) -%}
    {%- set keeper = keeper_of(model) -%}
    {%- set noted = (catalog_entry(keeper) or {}).get('Parameters', {}) if keeper else {} -%}
    {%- if may_leave_alone() and noted.get(passed(model.unique_id)) == state -%}
        {%- call noop_statement('main', 'STANDS', 'STANDS') -%}{%- endcall -%}
        {#- a column of nothing but 0 would be a boolean, hence the second row -#}
        {%- set passes = {'failures': 0, 'should_warn': false, 'should_error': false} -%}
        {%- set result = load_result('main').table.from_object([passes, dict(passes, failures=2)]).limit(1) -%}
        {%- do store_raw_result('main', message='STANDS', code='STANDS', rows_affected=0, agate_table=result) -%}
        {{ return({'relations': []}) }}
    {%- endif -%}
    {#- dbt judges the result after this; `remember_passes` finds the state at the end of the run -#}
    {%- do config.model.config.meta.update({'built_from': state}) -%}
    {{ return(dbt.materialization_test_default()) }}
{%- endmaterialization %}


{#- Whose entry in the catalog keeps a test's passes: the first model that it reads, or else one that reads its source. -#}
{% macro keeper_of(node) -%}
    {%- for id in node.depends_on.nodes if id.startswith('model.') -%}
        {{ return(id) }}
    {%- endfor -%}
    {%- for id, other in graph.nodes.items() | sort if id.startswith('model.') -%}
        {%- if node.depends_on.nodes[0] in other.depends_on.nodes -%}
            {{ return(id) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro passed(id) -%}
    {{ return('passed ' ~ local_md5(id)[:12]) }}
{%- endmacro %}


{#- At the end of a run, because tests run side by side and an entry is written as a whole. -#}
{% macro remember_passes(results) -%}
    {%- set passes = {} -%}
    {%- for result in results if result.node.resource_type == 'test' and result.status == 'pass' -%}
        {%- set state = result.node.config.meta.get('built_from') -%}
        {%- set keeper = keeper_of(result.node) -%}
        {%- if state and keeper -%}
            {%- do passes.setdefault(keeper, {}).update({passed(result.node.unique_id): state}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for id, parameters in passes.items() if catalog_entry(id) -%}
        {%- do note(id, parameters) -%}
    {%- endfor -%}
{%- endmacro %}
