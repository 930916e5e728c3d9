{#
    CTEs that let decisions wait while a held symbol has no bar.

    Reads the CTEs
      decided              one row per scenario_id, series_id, session_number with the allocation_id decided, if any
      carried_allocations  the fate of an allocation, session by session, while it is waited with
    and ends in the CTE `carried`: one row per scenario_id, series_id and session_date on which the decision is not carried
    out, with the allocation_id that is held instead. A decision that was not carried out starts no waiting of its own.
#}
{% macro waiting() -%}
    spans as (

        select
            decided_allocation_id,
            max(waited_sessions) as length
        from carried_allocations
        group by decided_allocation_id

    ),

    candidates as (

        select
            decided.scenario_id,
            decided.series_id,
            list(
                [{
                    allocation_id: spans.decided_allocation_id,
                    first: decided.session_number,
                    last: decided.session_number + spans.length
                }]
                order by decided.session_number
            ) as waits
        from decided
        inner join spans on decided.allocation_id = spans.decided_allocation_id
        group by decided.scenario_id, decided.series_id

    ),

    accepted as (

        select
            scenario_id,
            series_id,
            unnest(list_reduce(
                waits,
                lambda taken, wait : if(wait[1].first > taken[-1].last, taken || wait, taken)
            )).allocation_id as allocation_id
        from candidates

    ),

    carried as (

        select
            accepted.scenario_id,
            accepted.series_id,
            carried_allocations.session_date,
            carried_allocations.allocation_id
        from accepted
        inner join carried_allocations on accepted.allocation_id = carried_allocations.decided_allocation_id

    )
{%- endmacro %}
