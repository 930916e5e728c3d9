{#
    The exponential average ema_t = a·x_t + (1 − a)·ema_{t−1}, ema_0 = x_0, without recursion.

    Unrolled, ema_t = Σ_s w_s·x_s·(1 − a)^(t − s) with w_0 = 1 and w_s = a: within a block of observations a cumulative sum of
    w_s·x_s·(1 − a)^(−s), scaled back by (1 − a)^t; before it, what the ends of the earlier blocks have decayed to.
    Sums run over lists, oldest first: the engine adds a window of doubles in an order that depends on other symbols
    and on later bars, so that twins would not tie, nor the past stay the same to the last bit.
#}

{# Observations in a block: few enough that (1 − a)^(−s) stays in a double's range for every a. #}
{% macro block_length() -%} 32 {%- endmacro %}

{# What is left of a weight after some more observations. #}
{% macro decay(observations, smoothing) -%}
    exp({{ observations }} * ln(1 - {{ smoothing }}))
{%- endmacro %}

{# w_s·x_s·(1 − a)^(−s), s counted within the block; number counts from 0 over all observations. #}
{% macro undecayed(observation, number, smoothing) -%}
    if({{ number }} = 0, 1, {{ smoothing }}) * {{ observation }} / {{ decay(number ~ ' % ' ~ block_length(), smoothing) }}
{%- endmacro %}

{# The average that a block inherits. ends: where each earlier block ended on its own, oldest first. #}
{% macro inherited(ends, smoothing) -%}
    list_sum([
        ended * {{ decay(block_length() ~ ' * (len(' ~ ends ~ ') - place)', smoothing) }} for ended, place in {{ ends }}
    ])
{%- endmacro %}
