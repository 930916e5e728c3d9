{#
    The ratio of the split that a step of prices stands for: new shares for one, or null where a step is near none of 5:4,
    4:3, 3:2, n:1 and their inverses. Prices are rounded and a quote moves, so a step may be off by 1.5%.

    step: the earlier price over the later one.
#}
{% macro split_ratio(step) -%}
    pow(
        list_filter(
            [1.25, 4.0 / 3, 1.5, round(greatest({{ step }}, 1 / {{ step }}))],
            lambda clean: clean > 1 and abs(try(ln(greatest({{ step }}, 1 / {{ step }}) / clean))) < 0.015
        )[1],
        sign(try(ln({{ step }})))
    )
{%- endmacro %}
