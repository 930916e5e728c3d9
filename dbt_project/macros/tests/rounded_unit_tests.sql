{#
    Unit tests compare to 10 decimals: an expectation worked out by hand is not rounded the way that a double is.
    dbt finds the first macro by its name.
#}
{% macro duckdb__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {%- set types = {} -%}
    {%- for column in get_column_schema_from_query(main_sql) -%}
        {%- do types.update({column.quoted | lower: column.dtype}) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in expected_column_names -%}
        {%- do columns.append(rounded(column, types[column | lower]) ~ ' as ' ~ column) -%}
    {%- endfor -%}
    select
        {{ columns | join(', ') }},
        'actual' as actual_or_expected
    from ({{ main_sql }}) as actual
    union all
    select
        {{ columns | join(', ') }},
        'expected' as actual_or_expected
    from ({{ expected_fixture_sql }}) as expected
{%- endmacro %}

{# A column with its doubles rounded, and −0 made 0; other types as they are. #}
{% macro rounded(column, type) -%}
    {%- if type == 'DOUBLE' -%} round({{ column }}, 10) + 0
    {%- elif type == 'DOUBLE[]' -%} [round(element, 10) + 0 for element in {{ column }}]
    {%- else -%} {{ column }}
    {%- endif -%}
{%- endmacro %}
