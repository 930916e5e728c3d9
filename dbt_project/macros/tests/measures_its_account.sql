{#
    Proves that metrics measure a daily account from the session after its first target, which is the first to trade: their
    sessions and total return are the account's.

    account: the relation of daily rows; series: names of the columns that tell the accounts apart.
#}
{% test measures_its_account(model, account, series) %}
with

first_trades as (

    select
        {{ series | join(', ') }},
        min(session_date) as first_trade
    from {{ account }}
    where turnover > 0
    group by all

),

account as (

    select
        {{ series | join(', ') }},
        count(*) as sessions,
        product(1 + net_return) as growth
    from {{ account }}
    inner join first_trades using ({{ series | join(', ') }})
    where session_date > first_trade
    group by all

)

select
    *,
    'metrics and account disagree' as reason
from {{ model }} as metrics
full join account using ({{ series | join(', ') }})
where
    (
        metrics.sessions = account.sessions
        and abs((1 + metrics.total_return) / account.growth - 1) < 1e-9
        and metrics.max_drawdown between -1 and 0
        and metrics.turnover_annual >= 0
    ) is not true
{% endtest %}
