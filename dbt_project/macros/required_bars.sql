{# Bars that a symbol needs, this session's included, before it may be picked. strategy: a relation with the parameters. #}
{% macro required_bars(strategy) -%}
    greatest({{ strategy }}.ema_slow, {{ strategy }}.corr_window + 1)
{%- endmacro %}
