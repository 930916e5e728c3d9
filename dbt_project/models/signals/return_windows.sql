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
        min_by(session_date, session_number, {{ block_length() }}) as session_dates,
        min_by(session_number, session_number, {{ block_length() }}) as session_numbers,
        min_by(coalesce(ret, 0), session_number, {{ block_length() }}) as rets,
        coalesce(list(session_number) filter (where ret is null), []) as missing
    from panel
    group by scenario_id, symbol, block

),

-- each block after as many before it as a window can reach back to
reaching_back as (

    select
        blocks.*,
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

windowed as (

    select
        scenario_id,
        symbol,
        corr_min_obs,
        unnest(session_dates) as session_date,
        unnest(session_numbers) as session_number,
        unnest([
            reached_rets[greatest(earlier + place - corr_window, 0) + 1:earlier + place]
            for place in range(1, len(rets) + 1)
        ]) as rets,
        unnest([
            [session for session in reached_missing if session between newest - corr_window + 1 and newest]
            for newest in session_numbers
        ]) as missing
    from reaching_back

)

select
    scenario_id,
    session_date,
    symbol,
    session_number,
    corr_min_obs,
    rets,
    missing
from windowed
