{% macro drop_everything() -%}
    {%- if target.name != 'dev' -%}
        {{ exceptions.raise_compiler_error('only a database of target dev is dropped, not ' ~ target.schema) }}
    {%- endif -%}
    {%- set database = api.Relation.create(database=target.database, schema=target.schema) -%}
    {%- for relation in adapter.list_relations_without_caching(database) -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endfor -%}
    {%- do adapter.drop_schema(database) -%}
{%- endmacro %}
