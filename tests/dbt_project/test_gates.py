"""The gates find what is planted in a market, quarantine nothing that is true, and hold targets for certain faults.

`benchmarks/gates.py` measures them on real bars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from judging import Judge, found
from lakes import SMALL_GRID, Models, World
from planted_faults import FAULTS, Market, misquoted

from warehouse.calendar.sessions import sessions
from warehouse.sources.files.bases import RATIOS

if TYPE_CHECKING:
    from datetime import date

    import duckdb

SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")


def market(seed: int, count: int = 500) -> pd.DataFrame:
    """Make bars of symbols that move together, with fat tails, and pay on the same day each month."""
    random = np.random.default_rng(seed)
    days = sessions(pd.Timestamp("2018-01-02").date(), pd.Timestamp("2022-12-30").date())[:count]
    common = random.standard_t(4, count) * 0.006
    frames = []
    for number, symbol in enumerate(SYMBOLS):
        night, day = common + random.standard_t(4, count) * 0.004, random.standard_t(4, count) * 0.003
        close = 40 * (1 + number) * np.exp(np.cumsum(night + day))
        start = close / np.exp(day)
        spread = np.abs(random.normal(0, 0.003, (2, count)))
        pays = np.array([day.month for day in days])
        dividend = np.where(np.append(False, np.diff(pays) != 0), np.round(close * 0.004, 2), 0)
        kept = np.append(1 - dividend[1:] / close[:-1], 1.0)
        frames.append(
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "session_date": days,
                    "open": start,
                    "high": np.maximum(start, close) * np.exp(spread[0]),
                    "low": np.minimum(start, close) * np.exp(-spread[1]),
                    "close": close,
                    "adj_close": close * np.cumprod(kept[::-1])[::-1],
                    "volume": random.integers(1_000, 90_000, count).astype(float),
                    "dividend": dividend,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def test_planted_faults_are_found_and_true_bars_pass(models: Models) -> None:
    """Of faults above three daily volatilities nine in ten are found; true bars are never certain faults."""
    bars = market(1)
    with Judge.of(models.statements, bars) as judge:
        before = judge.verdicts(bars)
        assert not before["is_certain"].any()
        assert len(before) <= len(SYMBOLS)  # in two years of fatter tails than any market has, with few peers
        for number, (name, plant) in enumerate(FAULTS.items()):
            random = np.random.default_rng(number)
            planted = plant(Market.of(bars, random, 25), random)
            faults = found(planted, judge.verdicts(planted.bars), before)
            large = faults[faults["size"] > 3]
            assert len(large) + len(faults[faults["size"] <= 3]) >= 3, name
            assert large["is_found"].sum() >= 0.9 * len(large), name


def test_a_second_source_shows_what_one_cannot(models: Models) -> None:
    """Every price that two sources state differently is named, whichever is wrong; a move that both state is none."""
    bars, random = market(5), np.random.default_rng(5)
    planted = misquoted(Market.of(bars, random, 25), random)
    with Judge.of(models.statements, bars) as judge:
        assert len(judge.verdicts(bars, bars)) <= len(judge.verdicts(bars))
        for first, second in ((bars, planted.bars), (planted.bars, bars)):
            verdicts = judge.verdicts(first, second)
            named = verdicts[verdicts["code"] == "SOURCES_DISAGREE"]
            assert found(planted, named, named.head(0))["is_found"].all()
        alike = judge.verdicts(planted.bars, planted.bars)
        assert not set(alike["code"]) & {"MOVE_UNEXPLAINED", "PRICE_MISPLACED", "PRICE_SPIKE"}


@pytest.mark.parametrize(("factor", "policy"), [(10.0, "hold_book"), (10.0, "keep_weight"), (1.0, "keep_weight")])
def test_a_certain_fault_in_the_newest_bars_is_held(models: Models, factor: float, policy: str) -> None:
    """The symbol or the book repeats the last good session's weights; without a fault all targets are the newest."""
    bars, is_faulty = market(2, 300), factor != 1
    days = sorted(bars["session_date"].unique())
    world = World(bars, {"grid": dict(SMALL_GRID), "quality": {"quarantine_policy": policy}})
    with models.computed(world) as connection:
        held = next(iter(_decided(connection, days[-2])))
    spoilt = bars.copy()
    at = (spoilt["symbol"] == held) & (spoilt["session_date"] == days[-1])
    spoilt.loc[at, ["open", "high", "low", "close", "adj_close"]] *= factor
    with models.computed(World(spoilt, world.settings)) as connection:
        holds = connection.execute("SELECT is_whole_book, symbols FROM live_holds").fetchall()
        assert holds == ([(policy == "hold_book", [held])] if is_faulty else [])
        before, newest = _decided(connection, days[-2]), _decided(connection, days[-1])
        found = dict(connection.execute("SELECT symbol, weight FROM live_targets WHERE symbol <> 'CASH'").fetchall())
        assert connection.execute("SELECT DISTINCT session_date FROM live_targets").fetchall() == [(days[-1],)]
    if is_faulty and policy == "keep_weight":
        assert found.pop(held) == before[held]
        assert found.keys() == newest.keys() - {held}
        assert all(weight <= newest[symbol] + 1e-12 for symbol, weight in found.items())
    else:
        assert found == (before if is_faulty else newest)


def test_a_special_dividend_of_27_percent_passes(models: Models) -> None:
    """A commodity fund paid that once: the close falls, the adjusted close does not; left out, it is found."""
    bars = market(3)
    at = int(np.flatnonzero(bars["symbol"] == "CCC")[400])
    own, later = bars["symbol"] == "CCC", (bars["symbol"] == "CCC") & (bars.index >= at)
    special = bars.copy()
    special.loc[later, "dividend"] *= 0.73
    special.loc[at, "dividend"] = bars["close"][at - 1] * 0.27
    special.loc[later, ["open", "high", "low", "close"]] *= 0.73
    special.loc[own, "adj_close"] *= 0.73
    without = special.copy()
    without.loc[at, "dividend"] = 0
    without.loc[own & ~later, "adj_close"] /= 0.73
    with Judge.of(models.statements, bars) as judge:
        keys = ["symbol", "session_date", "code"]
        before = judge.verdicts(bars)[keys]
        assert (
            judge.verdicts(special)[keys]
            .sort_values(keys, ignore_index=True)
            .equals(before.sort_values(keys, ignore_index=True))
        )
        missing = judge.verdicts(without)
        assert missing.loc[missing["session_date"] == pd.Timestamp(bars["session_date"][at]), "symbol"].tolist() == [
            "CCC"
        ]


def test_an_empty_open_and_volume_are_plausible(models: Models) -> None:
    """Bars whose open or volume was left empty are judged like any other."""
    bars = market(3, 80)
    bars.loc[[40, 41], ["open", "volume"]] = None
    with Judge.of(models.statements, bars) as judge:
        assert not judge.verdicts(bars)["is_certain"].any()


def test_the_ratios_of_splits_are_those_of_the_files(models: Models) -> None:
    """SQL and Python know the same ratios."""
    with models.computed(World(market(4, 60), {"grid": dict(SMALL_GRID)})) as connection:
        text = models.sql_of("bar_findings").split("for ratio in ")[1].split("  -- noqa")[0]
        row = connection.execute(f"SELECT {text}").fetchone()
    assert row is not None
    np.testing.assert_allclose(row[0], RATIOS)


def _decided(connection: duckdb.DuckDBPyConnection, day: date) -> dict[str, float]:
    return dict(
        connection.execute(
            "SELECT symbol, weight FROM target_weights SEMI JOIN (FROM strategies WHERE is_live) USING (strategy_id) "
            "WHERE session_date = ? ORDER BY ALL",
            [day],
        ).fetchall()
    )
