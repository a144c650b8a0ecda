{#- Trino's approx_percentile is an estimate that differs from run to run; this one is exact. -#}
{% macro nearest_rank(measure, share) -%}
    element_at(
        array_sort(array_agg({{ measure }}) filter (where {{ measure }} is not null)),
        greatest(1, cast(ceiling({{ share }} * count({{ measure }})) as integer))
    )
{%- endmacro %}
