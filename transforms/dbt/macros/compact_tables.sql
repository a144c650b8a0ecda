{#- The files that a day of MERGEs has left become few, what later rows have replaced goes, and so do snapshots older than
    the table's properties allow. -#}
{% macro compact_tables() -%}
    {%- for node in graph.nodes.values() if node.config.materialized in ('incremental', 'snapshot') -%}
        {%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- set name = table.render_pure() -%}
        {%- if node.name == 'int_task_states' -%}
            {%- do run_query(
                'delete from ' ~ table ~ ' where (task_id, merged_at) not in (select task_id, max(merged_at) from ' ~ table
                ~ ' group by task_id)'
            ) -%}
        {%- endif -%}
        {%- do adapter.run_operation_with_potential_multiple_runs('optimize ' ~ name ~ ' rewrite data using bin_pack', 'optimize') -%}
        {%- do adapter.run_operation_with_potential_multiple_runs('vacuum ' ~ name, 'vacuum') -%}
    {%- endfor -%}
{%- endmacro %}
