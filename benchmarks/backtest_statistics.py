"""Times the statistics of a backtest on 81 trials of 2,500 sessions."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from research.statistics.block_length import optimal_block_length
from research.statistics.bootstrap import Draws, bootstrap
from research.statistics.cross_validation import purged_paths
from research.statistics.overfitting import backtest_overfitting
from research.statistics.reality_check import reality_check
from research.statistics.risk import TailMethod, backtest_value_at_risk, drawdown_distribution, tail_risks

if TYPE_CHECKING:
    from collections.abc import Callable

TRIALS, SESSIONS, RUNS = 81, 2_500, 5
DRAWS = Draws(block_length=10.0)


def main() -> None:
    """Print the median time of each statistic, beside the time it may take."""
    random = np.random.default_rng(1)
    rows = random.normal(0, 0.007, (TRIALS, SESSIONS)) + random.normal(0.0003, 0.007, SESSIONS)
    row, benchmark = rows[0], rows.mean(axis=0)
    timed: list[tuple[str, float | None, Callable[[], object]]] = [
        ("Overfitting by cross-validation, 16 blocks, 81 trials", 2.0, lambda: backtest_overfitting(rows)),
        ("Bootstrap, 10,000 draws of all metrics", 5.0, lambda: bootstrap(row, DRAWS)),
        ("Purged cross-validation, 45 splits", None, lambda: purged_paths(rows)),
        ("Reality check and superior ability, 10,000 draws", None, lambda: reality_check(rows, benchmark, DRAWS)),
        ("Optimal block length", None, lambda: optimal_block_length(row)),
        ("Drawdowns of a year, 10,000 draws", None, lambda: drawdown_distribution(row, DRAWS, 252)),
        ("Tail risk, 4 methods, 2 levels, 2 horizons", None, lambda: tail_risks(row)),
        ("Value at risk, 2,000 sessions", None, lambda: backtest_value_at_risk(row, TailMethod.HISTORICAL)),
    ]
    print(f"{'median of ' + str(RUNS) + ' calls, ' + str(SESSIONS) + ' sessions':54} {'s':>6}  may take")
    for name, allowed, call in timed:
        print(f"{name:54} {_seconds(call):6.2f}  {'' if allowed is None else f'{allowed:.0f} s'}")


def _seconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main()
