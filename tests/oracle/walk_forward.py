"""Walk-forward: each fold's winner in its train window decides the targets of its test window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from oracle.accounting import Metrics, backtest, measured, metrics
from oracle.targets import held_through_gaps, target_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oracle.features import Market
    from oracle.parameters import Parameters

TRAIN_MONTHS = 36
TEST_MONTHS = 3
TIE_DECIMALS = 10  # objectives this close are equal: summation order must not choose a winner


@dataclass(frozen=True)
class Fold:
    """One train window [train_start, test_start) and its test window [test_start, test_end).

    `objective` is the winner's in the train window; None where no strategy has one, and then the
    first of the grid is the winner.
    """

    fold_id: int
    train_start: pd.Timestamp
    test_start: pd.Timestamp
    test_end: pd.Timestamp
    winner: Parameters
    objective: float | None


@dataclass(frozen=True)
class WalkForward:
    """The folds and the out-of-sample series; `daily` runs over the test windows only."""

    folds: list[Fold]
    weights: pd.DataFrame
    daily: pd.DataFrame
    metrics: Metrics


def windows(
    first: pd.Timestamp, sessions: pd.DatetimeIndex
) -> list[tuple[int, pd.Timestamp, pd.Timestamp, pd.Timestamp]]:
    """Return (fold_id, train_start, test_start, test_end) of each fold whose test has a session.

    Every date is `first` plus whole months, its day clipped once to the month's end, so that each
    test window ends where the next begins.
    """
    found: list[tuple[int, pd.Timestamp, pd.Timestamp, pd.Timestamp]] = []
    fold_id = 1
    while True:
        start = (fold_id - 1) * TEST_MONTHS
        train_start, test_start, test_end = (
            first + pd.DateOffset(months=start + months) for months in (0, TRAIN_MONTHS, TRAIN_MONTHS + TEST_MONTHS)
        )
        if test_start > sessions[-1]:
            return found
        if ((sessions >= test_start) & (sessions < test_end)).any():
            found.append((fold_id, train_start, test_start, test_end))
        fold_id += 1


def best(strategies: Sequence[Parameters], objectives: Sequence[float | None]) -> tuple[Parameters, float | None]:
    """Return the strategy of the highest objective; among equals the first, None loses."""
    winner, highest = strategies[0], None
    for strategy, objective in zip(strategies, objectives, strict=True):
        if objective is not None and (highest is None or round(objective, TIE_DECIMALS) > round(highest, TIE_DECIMALS)):
            winner, highest = strategy, objective
    return winner, highest


def walk_forward(
    market: Market,
    weights: Mapping[Parameters, pd.DataFrame],
    live: Parameters,
    objective: str = "calmar",
) -> WalkForward:
    """Choose, splice and account; `objective` is a field of Metrics.

    `weights` holds what each strategy of the grid decides, in grid order; a missing bar delays a decision, in the
    backtests that choose as in the spliced series. The first train window starts at the session of the live
    strategy's first non-empty target.
    """
    strategies = list(weights)
    daily = {each: backtest(market, held_through_gaps(market, weights[each]), each) for each in strategies}
    spliced = pd.DataFrame(0.0, index=market.sessions, columns=list(market.symbols))
    folds = []
    live_weights = weights[live] if live in weights else target_weights(market, live)
    invested = market.sessions[(live_weights > 0).any(axis=1)]
    for fold_id, train_start, test_start, test_end in windows(invested[0], market.sessions) if len(invested) else []:
        train = (market.sessions >= train_start) & (market.sessions < test_start)
        test = (market.sessions >= test_start) & (market.sessions < test_end)
        objectives = [getattr(metrics(daily[each][train]), objective) for each in strategies]
        winner, value = best(strategies, objectives)
        folds.append(Fold(fold_id, train_start, test_start, test_end, winner, value))
        spliced[test] = weights[winner][test]
    spliced = held_through_gaps(market, spliced)
    accounts = backtest(market, spliced, live)
    covered = (
        (market.sessions >= folds[0].test_start) & (market.sessions < folds[-1].test_end)
        if folds
        else market.sessions != market.sessions
    )
    return WalkForward(folds, spliced[covered], accounts[covered], metrics(measured(accounts, spliced)))
