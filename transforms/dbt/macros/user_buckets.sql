{#- Which of 1,024 parts of the users one is in: the first ten bits of a hash. -#}
{% macro user_bucket(user_id) -%}
    {%- set digits = 'to_hex(md5(to_utf8(' ~ user_id ~ ')))' -%}
    substr({{ digits }}, 1, 2) || translate(substr({{ digits }}, 3, 1), '0123456789ABCDEF', '000044448888CCCC')
{%- endmacro %}


{#- The parts of the users that a query names, as a list of literals: engines leave out partitions by it. -#}
{% macro buckets_of(users) -%}
    {%- set found = query_column(
        'select distinct ' ~ user_bucket('user_id') ~ ' from (' ~ users ~ ') as users order by 1'
    ) -%}
    {{ return("('" ~ found | join("', '") ~ "')") }}
{%- endmacro %}
