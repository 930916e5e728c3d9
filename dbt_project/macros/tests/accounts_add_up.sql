{#
    Proves that a daily account keeps its books: figures in range, net_return = (1 + gross_return)(1 − cost) − 1, and equity
    that is the product of the net returns since its start.

    series: names of the columns that tell the accounts apart; each runs over session_date.
#}
{% test accounts_add_up(model, series) %}
with

replayed as (

    select
        *,
        first_value(equity / (1 + net_return)) over account * product(1 + net_return) over account as replayed_equity
    from {{ model }}
    window account as (
        partition by {{ series | join(', ') }} order by session_date
    )

),

judged as (

    select
        *,
        case
            when (cost between 0 and 1) is not true then 'cost is no fraction'
            when (turnover >= 0) is not true then 'turnover is negative'
            when (drawdown between -1 and 0) is not true then 'drawdown is not in [-1, 0]'
            when (abs((1 + gross_return) * (1 - cost) - 1 - net_return) < 1e-12) is not true
                then 'net_return is not gross_return less cost'
            when (abs(replayed_equity / equity - 1) < 1e-9) is not true
                then 'equity is not the product of the net returns'
        end as reason
    from replayed

)

select * from judged
where reason is not null
{% endtest %}
