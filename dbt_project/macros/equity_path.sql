{#
    A stretch of an equity path is a struct measured from its own start at 1: growth at its end, peak (highest, start
    included), trough (lowest, start excluded) and depth (lowest ratio to the peak so far, at most 1).
    Joining two consecutive stretches is associative: a drawdown over any window is folded from the stretches that
    tile it, in order, so equal returns give equal figures to the last bit.
#}

{# The path of daily returns. returns: list of fractions, oldest first. #}
{% macro equity_path(returns) -%}
    list_reduce(
        list_transform({{ returns }}, lambda daily_return : {
            growth: 1 + daily_return,
            peak: greatest(1, 1 + daily_return),
            trough: 1 + daily_return,
            depth: least(1, 1 + daily_return)
        }),
        lambda earlier, later : {{ joined_path('earlier', 'later') }}
    )
{%- endmacro %}

{# One path that runs through two consecutive ones. #}
{% macro joined_path(earlier, later) -%}
    {
        growth: {{ earlier }}.growth * {{ later }}.growth,
        peak: greatest({{ earlier }}.peak, {{ earlier }}.growth * {{ later }}.peak),
        trough: least({{ earlier }}.trough, {{ earlier }}.growth * {{ later }}.trough),
        depth: least({{ earlier }}.depth, {{ later }}.depth, {{ earlier }}.growth * {{ later }}.trough / {{ earlier }}.peak)
    }
{%- endmacro %}
