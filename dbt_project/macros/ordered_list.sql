{#
    The values of a group as a list, in the order of another column.

    value: what the list holds; position: ascends along the list.
    Nulls are left out. min_by with a count gathers in one pass; the count is above the length of any history.
#}
{% macro ordered_list(value, position) -%}
    min_by({{ value }}, {{ position }}, 100000)
{%- endmacro %}
