{#
    CTEs of the exponential average ema_t = a·x_t + (1 − a)·ema_{t−1}, ema_0 = x_0, without recursion.

    Unrolled, ema_t = Σ_s w_s·x_s·(1 − a)^(t − s) with w_0 = 1 and w_s = a: within a block of observations a cumulative sum of
    w_s·x_s·(1 − a)^(−s), scaled back by (1 − a)^t; before it, what the ends of the earlier blocks have decayed to.
    Sums run over lists, oldest first: the engine adds a window of doubles in an order that depends on other symbols
    and on later bars, so that twins would not tie, nor the past stay the same to the last bit.

    Reads the CTEs
      observed    one row per scenario_id, symbol, session_date: observation, and bar_number that counts from 0
      smoothings  one row per average to take: smoothing (a), and columns that name it
    and ends in the CTE `exponential_averages`: the smoothing's columns and the average at every session observed.
#}
{% macro exponential_averages() -%}
    blocks as (

        select
            scenario_id,
            symbol,
            bar_number // {{ block_length() }} as block,
            min_by(session_date, bar_number, {{ block_length() }}) as session_dates,
            min_by(observation, bar_number, {{ block_length() }}) as observations
        from observed
        group by scenario_id, symbol, block

    ),

    undecayed as (

        select
            blocks.*,
            smoothings.*,
            [
                if(block + place = 1, 1, smoothing) * observation / {{ decay('(place - 1)') }}
                for observation, place in observations
            ] as terms
        from blocks
        cross join smoothings

    ),

    own_averages as (

        select
            * exclude (observations, terms),
            [{{ decay('(place - 1)') }} * list_sum(terms[:place]) for place in range(1, len(terms) + 1)] as averages
        from undecayed

    ),

    earlier_blocks as (

        select
            *,
            list(averages[-1]) over (
                partition by scenario_id, symbol, smoothing
                order by block
                rows between unbounded preceding and 1 preceding
            ) as ends
        from own_averages

    ),

    inherited as (

        select
            *,
            list_sum([ended * {{ decay(block_length() ~ ' * (len(ends) - place)') }} for ended, place in ends]) as inheritance
        from earlier_blocks

    ),

    exponential_averages as (

        select
            inherited.* exclude (session_dates),
            unnest(session_dates) as session_date,
            unnest([
                average + coalesce(inheritance * {{ decay('place') }}, 0) for average, place in averages
            ]) as average
        from inherited

    )
{%- endmacro %}

{# Observations in a block: few enough that (1 − a)^(−s) stays in a double's range for every a. #}
{% macro block_length() -%} 32 {%- endmacro %}

{# The rest of a weight after some more observations. #}
{% macro decay(observations) -%}
    exp({{ observations }} * ln(1 - smoothing))
{%- endmacro %}
