"""Explorer: metrics and growth of every strategy of the stored grid, and of any other, computed in memory."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from research.readers import STRATEGIES
from research.what_if import Contender, Span, try_out
from research.workbench import Bench
from warehouse import readers
from warehouse.settings.strategy import AXES, Strategy
from warehouse.settings.variants import load_variants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.web.reading import Reading

MOST_CURVES = 400
"""Strategies up to which every curve is in the document; of a larger grid it holds metrics alone."""
CURVES = """
WITH months AS (
    SELECT strategy_id, last_day(session_date) AS month_end, product(1 + net_return) AS growth
    FROM backtest_returns WHERE scenario_id = 0 GROUP BY strategy_id, last_day(session_date)
)
SELECT strategy_id, month_end, round(product(growth) OVER (PARTITION BY strategy_id ORDER BY month_end), 4) AS growth
FROM months ORDER BY strategy_id, month_end
"""
METRICS = ("cagr", "sharpe", "calmar", "max_drawdown", "profit_factor", "turnover_annual", "volatility_annual")


def document(reading: Reading) -> dict[str, Any]:
    """Return axes with their values, the live values, and for each strategy its metrics and month-end growth of 1.

    Raises:
        LakeError: The backtest was never built.
    """
    strategies = readers.rows(reading.lake, STRATEGIES).records()
    grid = [each for each in strategies if each["grid_order"] is not None]
    months, curves = _curves(reading) if len(strategies) <= MOST_CURVES else ([], {})
    return {
        "axes": {name: sorted({each[name] for each in grid}) for name in AXES},
        "limits": {name: _limits(name) for name in AXES},
        "live": {name: each[name] for each in strategies if each["is_live"] for name in AXES},
        "sessions": strategies[0]["sessions"] if strategies else None,
        "months": months,
        "strategies": [
            {name: each[name] for name in (*AXES, "is_live", *METRICS)} | {"growth": curves.get(each["strategy_id"])}
            for each in strategies
        ],
    }


def tried(reading: Reading, parameters: Mapping[str, float]) -> dict[str, Any]:
    """Compute a strategy that no build knows, beside the live one over the same sessions.

    Raises:
        ConfigurationError: The parameters are not allowed together.
        LakeError: Nothing can be measured.
    """
    live = Contender.of(reading.portfolio, is_live=True)
    settings = [f"strategy.{name}={value:g}" for name, value in parameters.items()]
    other = Contender.of(load_variants(reading.installation.home, settings)[0].portfolio)
    found = try_out(Bench.of(reading.installation.lake), [other, live], Span())
    return {
        "parameters": dict(parameters),
        "first_session": str(found.sessions[0]),
        "last_session": str(found.sessions[-1]),
        "metrics": {name: found.tracks[0].metrics[name] for name in METRICS},
        "live_metrics": {name: found.tracks[1].metrics[name] for name in METRICS},
    }


def _curves(reading: Reading) -> tuple[list[str], dict[str, list[float]]]:
    curves: dict[str, list[float]] = defaultdict(list)
    months: dict[str, None] = {}
    for row in reading.records(CURVES):
        curves[row["strategy_id"]].append(row["growth"])
        months[str(row["month_end"])] = None
    return list(months), curves


def _limits(name: str) -> dict[str, float]:
    """Return the values that a parameter may have at all."""
    searched = AXES[name].searched
    return {"least": min(searched), "most": max(searched), "is_whole": Strategy.model_fields[name].annotation is int}
