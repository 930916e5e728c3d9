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
        lambda earlier, day : {{ prolonged_path('earlier', 'day') }}
    )
{%- endmacro %}

{# One path that goes on for a session: what joining comes to where the later path has one end only. #}
{% macro prolonged_path(earlier, day) -%}
    {
        growth: {{ earlier }}.growth * {{ day }}.growth,
        peak: greatest({{ earlier }}.peak, {{ earlier }}.growth * {{ day }}.growth),
        trough: least({{ earlier }}.trough, {{ earlier }}.growth * {{ day }}.growth),
        depth: least({{ earlier }}.depth, {{ earlier }}.growth * {{ day }}.growth / {{ earlier }}.peak)
    }
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
