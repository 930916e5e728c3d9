"""Effects of dearer trading on the live strategy: its decisions as they were built, priced anew by the same model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from research.what_if import Contender, Span, compared, compute, try_out
from research.workbench import Bench, Models
from warehouse.errors import ConfigurationError, LakeError
from warehouse.lake import scratch
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from research.what_if import Tried
    from warehouse.lake import Lake
    from warehouse.settings.portfolio import Portfolio

LIVE = "SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)"
BUILT = {
    "sessions": "FROM sessions",
    "holdings": f"FROM holdings SEMI JOIN (FROM held_allocations {LIVE}) USING (allocation_id)",
    "strategy_allocations": f"SELECT * EXCLUDE (strategy_id) FROM strategy_allocations {LIVE}",
    "held_allocations": f"SELECT * EXCLUDE (strategy_id) FROM held_allocations {LIVE}",
}
"""Relations that earnings are computed from, of each strategy the live one's rows."""
DECISIONS = {"strategy_allocations", "held_allocations"}


@dataclass(frozen=True, slots=True)
class CommissionEffect:
    """Effect of the broker's minimum commission on the live strategy.

    Attributes:
        minimum: USD an order.
        initial_equity: USD that the account begins with: the smaller, the more a minimum takes.
        usual: Metrics at the configured costs, by the names of backtest_metrics; NaN where not defined.
        charged: The same with the minimum.
    """

    minimum: float
    initial_equity: float
    usual: Mapping[str, float]
    charged: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CostEffects:
    """Effects of dearer trading on the live strategy.

    Attributes:
        commission: The broker's minimum commission; None as in `commission_effect`.
        by_slippage: Metrics by slippage, a fraction of the value traded; by the names of backtest_metrics.
    """

    commission: CommissionEffect | None = None
    by_slippage: Mapping[float, Mapping[str, float]] = field(default_factory=dict)


def commission_effect(lake: Lake, parameters_hash: str = "") -> CommissionEffect | None:
    """Charge the live strategy the broker's minimum commission.

    Args:
        lake: The lake, and the configuration beside it.
        parameters_hash: Of the configuration that was built; empty for any.

    Returns:
        None where the configured costs have a minimum already, the broker charges none, the configuration is not valid
        or another one than was built, or nothing can be measured.
    """
    return cost_effects(lake, (), parameters_hash).commission


def cost_effects(lake: Lake, slippages: Sequence[float], parameters_hash: str = "") -> CostEffects:
    """Charge the live strategy other slippages, and as `commission_effect` does.

    Decisions do not depend on costs: those of the last build are priced anew, where the configuration is the same; else
    they are computed, once. Nothing is returned of what cannot be measured.
    """
    try:
        portfolio = load_portfolio(lake.home)
        minimum = 0.0 if portfolio.costs.commission_minimum else float(portfolio.broker.commission_minimum)
        live = Contender.of(portfolio, is_live=True)
        charged = [live.with_commission_of(minimum, float(portfolio.broker.commission_maximum))] if minimum else []
        dearer = [live.with_costs(slippage=slippage) for slippage in slippages]
        if parameters_hash not in {"", portfolio.parameters_hash} or (not charged and not dearer):
            return CostEffects()
        contenders = [live, *charged, *dearer]
        tried = _repriced(lake, portfolio, contenders) or try_out(Bench.of(lake), contenders, Span())
    except (ConfigurationError, LakeError):
        return CostEffects()
    usual, *others = (each.metrics for each in tried.tracks)
    equity = portfolio.capital.initial_equity
    commission = CommissionEffect(minimum, equity, usual, others[0]) if charged else None
    return CostEffects(commission, dict(zip(slippages, others[len(charged) :], strict=True)))


def _repriced(lake: Lake, portfolio: Portfolio, contenders: Sequence[Contender]) -> Tried | None:
    """Charge what was built other costs; None if that was of another configuration, or nothing was built."""
    with lake.reader() as connection:
        try:
            origin = connection.execute("SELECT parameters_hash FROM target_origin").fetchall()
            if origin != [(portfolio.parameters_hash,)]:
                return None
            built = {relation: connection.execute(query).to_arrow_table() for relation, query in BUILT.items()}
        except (duckdb.CatalogException, duckdb.BinderException):  # not built yet, or by an older program
            return None
    given = {}
    with scratch(threads=1) as connection:
        for relation, rows in built.items():
            connection.register(f"built_{relation}", rows)
            everybody = "CROSS JOIN (SELECT strategy_id FROM landing.strategies)" if relation in DECISIONS else ""
            given[relation] = f"FROM built_{relation} {everybody}"
        bench = Bench(Models.of(lake), portfolio, pa.table({}))
        computed = compute(bench, connection, list({each.identity: each for each in contenders}.values()), given)
    return compared(contenders, [computed[each.identity] for each in contenders], Span())
