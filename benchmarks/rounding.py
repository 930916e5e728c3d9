"""Measure the distance of whole shares from target weights: rounded down, planned, and at best by enumeration.

Random targets of two to four ETFs at about today's prices, bought from cash under the default configuration. At best
means: of all whole shares that the cash pays for, at limit prices and with commissions, and whose weights stay below
the cap, those nearest to the targets, cash among them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

from execution.models import Account, Price, PriceKind, Side
from execution.planning.costs import Fee, worst_price
from execution.planning.plan import plan
from execution.planning.rules import Rules
from execution.planning.situation import Situation
from execution.targets import LiveTargets, NewestBar
from warehouse.calendar.trading_hours import Window
from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

PRICES = {"SPY": 580, "QQQ": 510, "TLT": 90, "GLD": 240, "XLE": 90, "BND": 72, "IEF": 94, "VTI": 290, "BITO": 22}
SESSION = date(2024, 6, 12)
CLOSE = datetime(2024, 6, 12, 20, 0, tzinfo=UTC)
NOW = CLOSE - timedelta(minutes=5)
INVESTED = 0.95
AWAY = 12
"""The enumeration goes so many shares past a target, on either side."""

BASIS_POINTS = 10_000
EXACT = 0.01
"""Two distances are the same below so many basis points."""


@dataclass(frozen=True, slots=True)
class Distances:
    """Root of the summed squared differences from the targets, cash among them, in basis points of equity."""

    floor: float
    planned: float
    best: float


def measure(weights: dict[str, float], equity: int, rules: Rules) -> Distances:
    """Buy these weights from cash."""
    shares = {line.symbol: float(line.planned) for line in plan(_situation(weights, equity, rules)).lines}
    prices = np.array([float(PRICES[symbol]) for symbol in weights])
    targets = np.array(list(weights.values()))
    choices = _choices(weights, equity, rules)
    return Distances(
        floor=float(_distance(np.floor(targets * equity / prices) * prices / equity - targets)),
        planned=float(_distance(np.array([shares[symbol] for symbol in weights]) * prices / equity - targets)),
        best=float(_distance(choices * prices / equity - targets).min()),
    )


def _distance(off: Numbers) -> Numbers:
    distances: Numbers = np.sqrt((off**2).sum(axis=-1) + off.sum(axis=-1) ** 2) * BASIS_POINTS
    return distances


def _choices(weights: dict[str, float], equity: int, rules: Rules) -> Numbers:
    """All whole shares that may be bought, one row a choice."""
    ranges, costs = [], []
    for symbol, weight in weights.items():
        ideal = weight * equity / PRICES[symbol]
        most = min(ideal + AWAY, float(rules.heaviest) * equity / PRICES[symbol])
        counts = np.arange(max(0, int(ideal) - AWAY), int(most) + 1)
        worst = worst_price(Decimal(PRICES[symbol]), Side.BUY, rules)
        fee = Fee.of(rules, worst)
        ranges.append(counts)
        costs.append([float(worst * int(count) + fee(int(count))) for count in counts])
    choices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, len(weights)).astype(float)
    cost = np.stack(np.meshgrid(*costs, indexing="ij"), axis=-1).reshape(-1, len(weights)).sum(axis=1)
    affordable: Numbers = choices[cost <= equity]
    return affordable


def _situation(weights: dict[str, float], equity: int, rules: Rules) -> Situation:
    closes = {symbol: Decimal(PRICES[symbol]) for symbol in weights}
    return Situation(
        strategy_id="benchmark",
        targets=LiveTargets(
            session_date=SESSION,
            strategy_id="benchmark",
            snapshot=0,
            weights={symbol: Decimal(str(weight)) for symbol, weight in weights.items()},
            bars={},
            final_bars={
                symbol: NewestBar(symbol, SESSION, close, True, NOW, Decimal("0.01"))  # noqa: FBT003 - a row
                for symbol, close in closes.items()
            },
            universe=tuple(weights),
            selection=(),
            correlations={},
        ),
        account=Account("DU1", Decimal(equity), Decimal(equity), Decimal(equity), {}),
        ours=frozenset(weights),
        prices={symbol: Price(symbol, close, PriceKind.LIVE, NOW) for symbol, close in closes.items()},
        rules=rules,
        window=Window(SESSION, NOW, CLOSE - timedelta(minutes=1), CLOSE),
        now=NOW,
    )


def _targets(generator: np.random.Generator, count: int, rules: Rules) -> dict[str, float]:
    symbols = sorted(generator.choice(sorted(PRICES), count, replace=False).tolist())
    weights = np.minimum(generator.dirichlet(np.full(count, 2.0)) * INVESTED, float(rules.max_weight))
    return dict(zip(symbols, weights.round(4).tolist(), strict=True))


def markdown(cases: int, seed: int) -> str:
    """One row an account and number of ETFs."""
    rules = Rules.of(load_portfolio(Path("no-portfolio-of-its-own")))
    wide = replace(
        rules, limits=rules.limits.model_copy(update={"order_value": Decimal(10**9), "day_value": Decimal(10**9)})
    )
    lines = [
        f"Tracking error in basis points of equity, {cases} random targets a row, seed {seed}.",
        "",
        "| equity, USD | ETFs | rounded down | planner | best | worst: planner | worst: best | planner is the best |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for equity in (2_000, 10_000, 50_000):
        for count in (2, 3, 4):
            generator = np.random.default_rng([seed, equity, count])
            found = [measure(_targets(generator, count, rules), equity, wide) for _ in range(cases)]
            exact = mean(each.planned <= each.best + EXACT for each in found)
            lines.append(
                f"| {equity:,} | {count} | {mean(each.floor for each in found):.1f} "
                f"| {mean(each.planned for each in found):.1f} | {mean(each.best for each in found):.1f} "
                f"| {max(each.planned for each in found):.1f} | {max(each.best for each in found):.1f} | {exact:.0%} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300, help="targets in each row")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(markdown(arguments.cases, arguments.seed))
