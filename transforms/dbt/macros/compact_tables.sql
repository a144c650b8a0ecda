{#- The files that a day of MERGEs has left become few, and snapshots older than the table's properties allow go. -#}
{% macro compact_tables() -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'incremental' -%}
        {%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- set name = table.render_pure() -%}
        {%- do adapter.run_operation_with_potential_multiple_runs('optimize ' ~ name ~ ' rewrite data using bin_pack', 'optimize') -%}
        {%- do adapter.run_operation_with_potential_multiple_runs('vacuum ' ~ name, 'vacuum') -%}
    {%- endfor -%}
{%- endmacro %}
