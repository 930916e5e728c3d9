with

parameters as (

    select distinct
        corr_window,
        corr_min_obs
    from {{ ref('strategies') }}

),

panel as (

    select * from {{ ref('panel') }}

),

-- a missing return stands as 0 in the list, and its session in the list of the missing
blocks as (

    select
        scenario_id,
        symbol,
        session_number // {{ block_length() }} as block,
        min(session_number) as first_number,
        min_by(coalesce(ret, 0), session_number, {{ block_length() }}) as rets,
        coalesce(list(session_number) filter (where ret is null), []) as missing
    from panel
    group by scenario_id, symbol, block

),

-- each block after as many before it as a window can reach back to
reaching_back as (

    select
        blocks.scenario_id,
        blocks.symbol,
        blocks.block,
        blocks.first_number,
        parameters.*,
        flatten(list(blocks.rets) over reach) as reached_rets,
        flatten(list(blocks.missing) over reach) as reached_missing,
        len(reached_rets) - len(blocks.rets) as earlier
    from blocks
    cross join parameters
    window reach as (
        partition by blocks.scenario_id, blocks.symbol
        order by blocks.block
        rows between (parameters.corr_window + {{ block_length() }} - 2) // {{ block_length() }} preceding and current row  -- noqa: PRS
    )

),

candidates as (

    select
        candidates.scenario_id,
        candidates.session_date,
        candidates.symbol,
        sessions.session_number,
        sessions.session_number // {{ block_length() }} as block
    from {{ ref('candidates') }} as candidates
    inner join {{ ref('sessions') }} as sessions
        on
            candidates.scenario_id = sessions.scenario_id
            and candidates.session_date = sessions.session_date

),

reached as (

    select
        candidates.*,
        reaching_back.corr_window,
        reaching_back.corr_min_obs,
        reaching_back.reached_rets,
        reaching_back.reached_missing,
        reaching_back.earlier + candidates.session_number - reaching_back.first_number + 1 as newest
    from candidates
    inner join reaching_back
        on
            candidates.scenario_id = reaching_back.scenario_id
            and candidates.symbol = reaching_back.symbol
            and candidates.block = reaching_back.block

)

select
    scenario_id,
    session_date,
    symbol,
    session_number,
    corr_min_obs,
    reached_rets[greatest(newest - corr_window, 0) + 1:newest] as rets,
    [
        session for session in reached_missing
        if session between session_number - corr_window + 1 and session_number
    ] as missing  -- noqa: RF02
from reached
