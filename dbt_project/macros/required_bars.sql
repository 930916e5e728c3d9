{# Bars that a symbol needs, those of this session too, to be picked. strategy: a relation with the parameters. #}
{% macro required_bars(strategy) -%}
    greatest({{ strategy }}.ema_slow, {{ strategy }}.corr_window + 1)
{%- endmacro %}
