{#
    The exponential average ema_t = a·x_t + (1 − a)·ema_{t−1}, ema_0 = x_0, without recursion.

    Unrolled, ema_t = Σ_s w_s·x_s·(1 − a)^(t − s) with w_0 = 1 and w_s = a: a cumulative sum of
    w_s·x_s·(1 − a)^(−s), scaled back by (1 − a)^t. That factor leaves a double's range after some thousand
    observations, so the sum runs in blocks that end before it does (at e^600); a block inherits the average
    at which the one before it ended. What that one inherited itself weighs e^−600 by then: nothing, in a double.
#}

{# Observations in a block. smoothing: the weight a of the newest observation, in (0, 1). #}
{% macro block_length(smoothing) -%}
    floor(-600 / ln(1 - {{ smoothing }}))::bigint
{%- endmacro %}

{# What is left of a weight after some more observations. #}
{% macro decay(observations, smoothing) -%}
    exp({{ observations }} * ln(1 - {{ smoothing }}))
{%- endmacro %}

{# w_s·x_s·(1 − a)^(−s), s counted within the block; number counts from 0 over all observations. #}
{% macro undecayed(observation, number, position, smoothing) -%}
    if({{ number }} = 0, 1, {{ smoothing }}) * {{ observation }} / {{ decay(position, smoothing) }}
{%- endmacro %}
