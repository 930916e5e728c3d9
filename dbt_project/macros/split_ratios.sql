{# Shares for one that splits give, as warehouse/sources/files/bases.py has them; inverses are reverse splits. #}
{% macro split_ratios() -%}
    list_concat([1.25, 4 / 3, 1.5], range(2, 51)::double[], [100, 1000])
{%- endmacro %}
