with

live_strategy as (

    select
        *,
        {{ required_bars('strategies') }} as required_bars
    from {{ ref('strategies') }} as strategies
    where is_live

),

candidates as (

    select
        sessions.session_date,
        universe.symbol,
        live_strategy.*
    from {{ ref('sessions') }} as sessions
    cross join {{ source('landing', 'universe') }} as universe
    cross join live_strategy
    where sessions.scenario_id = 0

),

selections as (

    select
        selections.session_date,
        selections.symbol,
        selections.score,
        selections.rank,
        selections.pick
    from {{ ref('selections') }} as selections
    inner join live_strategy on selections.strategy_id = live_strategy.strategy_id
    where selections.scenario_id = 0

),

-- 2, above every cap, stands for a correlation that is not known
compared as (

    select
        selections.session_date,
        selections.symbol,
        picks.symbol as picked_symbol,
        coalesce(correlations.correlation, 2) as correlation
    from selections
    inner join selections as picks
        on
            selections.session_date = picks.session_date
            and selections.rank > picks.rank
            and picks.pick is not null
    left join {{ ref('correlations') }} as correlations
        on
            correlations.scenario_id = 0
            and selections.session_date = correlations.session_date
            and least(selections.symbol, picks.symbol) = correlations.symbol_1
            and greatest(selections.symbol, picks.symbol) = correlations.symbol_2

),

closest_picks as (

    select
        session_date,
        symbol,
        count(*) as picks_before,
        max_by(picked_symbol, correlation) as closest_pick,
        nullif(max(correlation), 2) as closest_correlation
    from compared
    group by session_date, symbol

),

observed as (

    select
        candidates.*,
        features.bar_number + 1 as bars,
        features.close,
        features.adjusted_close,
        features.volatility,
        features.atr,
        fast.ema as fast_average,
        slow.ema as slow_average,
        selections.score,
        selections.rank,
        selections.pick,
        coalesce(closest_picks.picks_before, 0) as picks_before,
        closest_picks.closest_pick,
        closest_picks.closest_correlation,
        coalesce(target_weights.weight, 0) as weight,
        coalesce(held_allocations.allocation_id < 0, false) as is_carried
    from candidates
    left join {{ ref('features') }} as features
        on
            features.scenario_id = 0
            and candidates.session_date = features.session_date
            and candidates.symbol = features.symbol
    left join {{ ref('emas') }} as fast
        on
            fast.scenario_id = 0
            and candidates.session_date = fast.session_date
            and candidates.symbol = fast.symbol
            and candidates.ema_fast = fast.span
    left join {{ ref('emas') }} as slow
        on
            slow.scenario_id = 0
            and candidates.session_date = slow.session_date
            and candidates.symbol = slow.symbol
            and candidates.ema_slow = slow.span
    left join selections
        on candidates.session_date = selections.session_date and candidates.symbol = selections.symbol
    left join closest_picks
        on candidates.session_date = closest_picks.session_date and candidates.symbol = closest_picks.symbol
    left join {{ ref('held_allocations') }} as held_allocations
        on
            held_allocations.scenario_id = 0
            and candidates.session_date = held_allocations.session_date
            and candidates.strategy_id = held_allocations.strategy_id
    left join {{ ref('target_weights') }} as target_weights
        on
            target_weights.scenario_id = 0
            and candidates.session_date = target_weights.session_date
            and candidates.strategy_id = target_weights.strategy_id
            and candidates.symbol = target_weights.symbol

),

judged as (

    select
        *,
        case
            when pick is not null then 'picked'
            when rank is not null and picks_before >= top_n then 'enough_picked'
            when rank is not null and closest_correlation is null then 'unknown_correlation'
            when rank is not null then 'too_correlated'
            when bars is null then 'no_bar'
            when bars < required_bars then 'too_few_bars'
            when volatility > 0 and atr > 0 then 'below_trend'
            else 'no_movement'
        end as verdict
    from observed

)

select
    session_date,
    symbol,
    verdict,
    case verdict
        when 'picked' then format('pick {} of at most {}', pick, top_n)
        when 'enough_picked' then format('place {} of {} was filled before it', top_n, top_n)
        when 'unknown_correlation' then format('correlation with {} is not known', closest_pick)
        when 'too_correlated'
            then format('correlation {:.2f} with {} is above {}', closest_correlation, closest_pick, corr_cap)
        when 'no_bar' then 'no bar in this session'
        when 'too_few_bars' then format('{} of the {} bars it needs', bars, required_bars)
        when 'below_trend'
            then format(
                '{}-bar average lies {:.2f}% below the {}-bar average',
                ema_fast,
                100 * (1 - fast_average / slow_average),
                ema_slow
            )
        when 'no_movement' then 'volatility or true range is 0'
    end as reason,
    bars,
    close,
    adjusted_close,
    fast_average,
    slow_average,
    score,
    rank,
    pick,
    if(pick is null and picks_before < top_n, closest_pick, null) as blocking_symbol,
    if(pick is null and picks_before < top_n, closest_correlation, null) as blocking_correlation,
    weight,
    is_carried
from judged
