{#- What a node is built from, in 32 hexadecimal digits: its own definition and the state of everything that it reads.
    All of it is told by dbt and by the Glue catalog, so that nothing is scanned for it. -#}
{% macro state_to_build_from(node, code) -%}
    {%- set parts = [code, node.config.materialized, node.description, node.columns] -%}
    {%- for id in node.depends_on.nodes | unique | sort -%}
        {%- do parts.append(state_of(id)) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{%- endmacro %}


{#- Every commit to an Iceberg table moves its metadata; a table that dbt has built carries the state that it was built
    from; a view shows what it reads as that is now. What is none of these is never the same twice. -#}
{% macro state_of(id) -%}
    {%- set found = catalog_entry(id) or {} -%}
    {%- set parameters = found.get('Parameters', {}) -%}
    {%- if found.get('TableType') == 'VIRTUAL_VIEW' -%}
        {%- set parts = [found['ViewOriginalText']] -%}
        {%- for read in graph.nodes[id].depends_on.nodes | unique | sort -%}
            {%- do parts.append(state_of(read)) -%}
        {%- endfor -%}
        {{ return(local_md5(tojson(parts))) }}
    {%- endif -%}
    {{ return(parameters.get('metadata_location') or parameters.get('built_from') or invocation_id) }}
{%- endmacro %}


{#- What dbt's own relation was built from; none when it is not there. -#}
{% macro held_state(id) -%}
    {{ return((catalog_entry(id) or {}).get('Parameters', {}).get('built_from')) }}
{%- endmacro %}


{% macro catalog_entry(id) -%}
    {%- set found = adapter.get_glue_table(relation_of(id)) -%}
    {{ return(found['Table'] if found else none) }}
{%- endmacro %}


{% macro relation_of(id) -%}
    {%- set node = graph.nodes.get(id) or graph.sources[id] -%}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.get('identifier') or node.alias
    )) }}
{%- endmacro %}


{#- Adds parameters to a relation's entry in the Glue catalog. -#}
{% macro note(id, parameters) -%}
    {%- set node = graph.nodes[id] -%}
    {%- do adapter.persist_docs_to_glue(
        relation_of(id),
        {
            'unique_id': id,
            'description': node.description,
            'config': {'materialized': node.config.materialized, 'meta': parameters}
        },
        persist_relation_docs=true,
        skip_archive_table_version=true
    ) -%}
{%- endmacro %}


{#- Only `build` leaves alone what stands; `run` and `test` do what they are told. -#}
{% macro may_leave_alone() -%}
    {{ return(flags.WHICH == 'build' and not flags.FULL_REFRESH) }}
{%- endmacro %}
