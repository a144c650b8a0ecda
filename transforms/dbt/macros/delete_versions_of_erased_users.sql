{#- Deletes the versions of profiles that silver no longer has, which dbt would only close. With --full-refresh, as after
    an erasure, the other versions move to a new table, so that no file holds what was deleted. -#}
{% macro delete_versions_of_erased_users(profiles) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set there = '(select user_id, created_at from ' ~ profiles ~ ')' -%}
    {%- set backup = this.incorporate(path={'identifier': this.identifier ~ '__bkp'}) -%}
    {%- set rewritten = this.incorporate(path={'identifier': this.identifier ~ '__rewritten'}) -%}
    {%- if not load_relation(this) -%}
        {%- if load_relation(backup) -%}
            {%- do rename_relation(backup, this) -%}
            {{ exceptions.raise_compiler_error(this.identifier ~ ' was lost by a build that did not end; it is back: build again') }}
        {%- endif -%}
    {%- elif should_full_refresh() -%}
        {%- for left in (rewritten, backup) if load_relation(left) -%}
            {%- do drop_relation(left) -%}
        {%- endfor -%}
        {%- set kept = 'select * from ' ~ this ~ ' where (user_id, created_at) in ' ~ there -%}
        {%- call statement('rewrite') -%}
            {{ create_table_as(False, rewritten, kept) }}
        {%- endcall -%}
        {%- do rename_relation(this, backup) -%}
        {%- do rename_relation(rewritten, this) -%}
        {%- do drop_relation(backup) -%}
    {%- else -%}
        delete from {{ this }} where (user_id, created_at) not in {{ there }}
    {%- endif -%}
{%- endmacro %}
