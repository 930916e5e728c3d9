"""Precision and recall of the gates on real bars: faults of each kind planted at random places, and none at all.

Prints the tables of docs/data.md. Takes one file of bars (Parquet, columns as in benchmarks/README.md), and about five
minutes.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import numpy as np
import pandas as pd
from judging import Judge, found
from planted_faults import (
    FAULTS,
    Market,
    Planted,
    large_dividends,
    misplaced_decimal,
    misquoted,
    stale_copy,
    swapped_for_a_day,
    unadjusted_split,
    without_dividends,
)

from warehouse.lake import Lake
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = 300
SEED = 20_261_128
SESSIONS_A_YEAR = 252
EDGES = (0.0, 1.0, 3.0, 5.0, 10.0, np.inf)
LARGE = 3.0
NEWEST = (misplaced_decimal, misquoted, stale_copy, swapped_for_a_day, unadjusted_split)
ROUNDS = 4
SESSIONS = 10
WARM_SESSIONS = 400
YEARS_APART = 800
"""Days between two missing dividends of a symbol: the same month of two years is not spoilt at once."""
MOST_MISSING = 60
"""Dividends missing at once."""


def main(file: str) -> None:
    """Print false alarms, recall by kind and size, and recall on newest bars."""
    bars = pd.read_parquet(file).sort_values(["symbol", "session_date"], ignore_index=True)
    with tempfile.TemporaryDirectory() as home:
        statements = Transformation(Lake(Path(home))).statements(["path:models"])
    with Judge.of(statements, bars) as judge:
        before = judge.verdicts(bars)
        _false_alarms(bars, before)
        print("\n| fault | places | below 1 | 1 to 3 | 3 to 5 | 5 to 10 | above 10 | all above 3 |")
        print("|---|---|---|---|---|---|---|---|")
        for number, (name, plant) in enumerate(FAULTS.items()):
            random = np.random.default_rng([SEED, number])
            planted = plant(Market.of(bars, random, PLACES), random)
            _row(name, found(planted, judge.verdicts(planted.bars), before))
        random = np.random.default_rng([SEED, len(FAULTS)])
        planted = misquoted(Market.of(bars, random, PLACES), random)
        _row("wrong price of a second source", found(planted, judge.verdicts(bars, planted.bars), before))
        _row("wrong price, a second source right", found(planted, judge.verdicts(planted.bars, bars), before))
        _dividends(judge, bars, before)
        print("\n| fault in the newest bar | places | found, above 3 | of these certain |")
        print("|---|---|---|---|")
        for plant in NEWEST:
            _newest_row(judge, bars, before, plant.__name__)
        _newest_session(judge, bars)


def _false_alarms(bars: pd.DataFrame, before: pd.DataFrame) -> None:
    years = len(bars) / SESSIONS_A_YEAR
    symbols = bars["symbol"].nunique()
    print(f"{symbols} symbols, {years:,.0f} symbol-years, {len(before)} verdicts: {len(before) / years:.3f} a year")
    print(f"In quarantine: {(before['severity'] == 'quarantine').sum()}; certain: {before['is_certain'].sum()}")
    by_day = before[before["code"] != "SERIES_BEHIND"].groupby("session_date")["symbol"].nunique()
    print(f"Most suspicious symbols in a session: {by_day.max() if len(by_day) else 0}")
    print("\n| code | verdicts | a symbol and year |\n|---|---|---|")
    for code, count in before["code"].value_counts().items():
        print(f"| `{code}` | {count} | {count / years:.3f} |")


def _row(name: str, faults: pd.DataFrame) -> None:
    if np.isinf(faults["size"]).all():
        print(f"| {name} | {len(faults)} | | | | | | {faults['is_found'].mean():.3f} |")
        return
    cells = []
    for low, high in pairwise(EDGES):
        part = faults[(faults["size"] >= low) & (faults["size"] < high)]
        cells.append(f"{part['is_found'].mean():.2f} ({len(part)})" if len(part) else "")
    large = faults[faults["size"] >= LARGE]
    print(f"| {name} | {len(faults)} | {' | '.join(cells)} | {large['is_found'].mean():.3f} |")


def _dividends(judge: Judge, bars: pd.DataFrame, before: pd.DataFrame) -> None:
    """Leave out every dividend above three volatilities, some at a time; half the symbols served to choose limits."""
    random = np.random.default_rng([SEED, 50])
    market = Market.of(bars, random, 1)
    left = list(random.permutation(large_dividends(market, LARGE)))
    days, symbols = pd.to_datetime(market.bars["session_date"]), market.bars["symbol"]
    parts: list[pd.DataFrame] = []
    while left:
        taken: list[int] = []
        for at in left:
            own = [other for other in taken if symbols[other] == symbols[at]]
            is_apart = all(abs((days[at] - days[other]).days) > YEARS_APART for other in own)
            taken += [at] if is_apart and len(taken) < MOST_MISSING else []
        left = [at for at in left if at not in taken]
        planted = without_dividends(market, np.sort(taken), ["dividend", "adj_close"])
        parts.append(found(planted, judge.verdicts(planted.bars), before))
    faults, names = pd.concat(parts, ignore_index=True), sorted(symbols.unique())
    print("\n| every dividend above 3 volatilities | places | found | false alarms of the gate, a symbol and year |")
    print("|---|---|---|---|")
    for half, own in (("symbols that served to choose the limits", names[::2]), ("the other symbols", names[1::2])):
        part = faults[faults["symbol"].isin(own)]
        alarms = (before["code"] == "DIVIDEND_MISSING") & before["symbol"].isin(own)
        rate = alarms.sum() * SESSIONS_A_YEAR / symbols.isin(own).sum()
        print(f"| {half} | {len(part)} | {part['is_found'].mean():.3f} | {rate:.3f} |")


def _newest_row(judge: Judge, bars: pd.DataFrame, before: pd.DataFrame, name: str) -> None:
    """Cut each spoilt history after its fault, so that no later bar tells."""
    plant = next(each for each in NEWEST if each.__name__ == name)
    parts: list[pd.DataFrame] = []
    for number in range(ROUNDS):
        random = np.random.default_rng([SEED, 100 + number])
        market = Market.of(bars, random, len(bars))
        chosen = _one_a_symbol(market.places, bars["symbol"], random)
        planted = plant(Market(market.bars, market.volatility, chosen), random)
        ends = planted.faults.groupby("symbol")["session_date"].max()
        last = planted.bars["symbol"].map(ends)
        kept = planted.bars[last.isna() | (planted.bars["session_date"] <= last)]
        parts.append(found(Planted(kept, planted.faults), judge.verdicts(kept), before))
    faults = pd.concat(parts)
    large = faults[faults["size"] >= LARGE]
    certain = large["is_certain"].mean()
    print(f"| {name.replace('_', ' ')} | {len(large)} | {large['is_found'].mean():.3f} | {certain:.3f} |")


def _newest_session(judge: Judge, bars: pd.DataFrame) -> None:
    """Shift the newest prices of a tenth of the symbols, with no later bar of any symbol."""
    parts: list[pd.DataFrame] = []
    alarms = judged = 0
    for number in range(SESSIONS):
        random = np.random.default_rng([SEED, 200 + number])
        day = random.choice(bars["session_date"].unique()[WARM_SESSIONS:])
        market = Market.of(bars[bars["session_date"] <= day], random, 1)
        newest = np.flatnonzero((market.bars["session_date"] == day) & np.isfinite(market.volatility))
        spoilt = Market(market.bars, market.volatility, random.permutation(newest)[: len(newest) // 10])
        planted = misquoted(spoilt, random)
        before = judge.verdicts(market.bars)
        alarms += (before["code"] == "PRICE_APART").sum()
        judged += len(newest)
        parts.append(found(planted, judge.verdicts(planted.bars), before))
    faults = pd.concat(parts)
    cells = [faults[(faults["size"] >= low) & (faults["size"] < high)]["is_found"] for low, high in pairwise(EDGES[2:])]
    told = " | ".join(f"{cell.mean():.2f} ({len(cell)})" for cell in cells)
    print("\n| newest session of all symbols | 3 to 5 | 5 to 10 | above 10 | all above 3 | false alarms |")
    print("|---|---|---|---|---|---|")
    large = faults[faults["size"] >= LARGE]
    print(f"| misquoted | {told} | {large['is_found'].mean():.3f} | {alarms} of {judged:,} |")


def _one_a_symbol(places: Sequence[int], symbols: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Choose one place of each of half the symbols: the others stay as peers."""
    of = pd.Series(places, index=symbols[places].to_numpy()).groupby(level=0).first()
    return of.sample(frac=0.5, random_state=random).to_numpy()


if __name__ == "__main__":
    main(sys.argv[1])
