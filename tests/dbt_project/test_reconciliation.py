"""Bars of several sources in one lake: which of them count, where they may be joined, and what they disagree on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from lakes import Given, Models
from markets import points

from warehouse.lake import scratch
from warehouse.landing import land_bars, land_portfolio
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.sources.base import CorporateAction, StatedAction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from warehouse.sources.base import Progress

RETURNS = 0.01 * np.random.default_rng(7).standard_normal(60)
TRUTH = [round(float(close), 2) for close in 100 * np.cumprod(1 + RETURNS)]


@dataclass(frozen=True)
class Vendor(Given):
    """Bars under a name of their own, the newest of them provisional where that is said."""

    name: str = "given"
    actions: Sequence[StatedAction] = ()
    is_final: bool = True

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield them at once."""
        for table in super().fetch(progress):
            last = table["session_date"].to_pylist()[-1]
            finality = [self.is_final or day != last for day in table["session_date"].to_pylist()]
            yield table.set_column(table.schema.get_field_index("is_final"), "is_final", pa.array(finality))


@contextlib.contextmanager
def reconciled(
    models: Models, home: Path, vendors: Sequence[Vendor], settings: Mapping[str, Any] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Land what each vendor has, one after the other, and compute what leads to `bars` and what stands beside it."""
    (home / FILE_NAME).write_text(yaml.safe_dump(dict(settings or {"universe": ["SPY"]})), encoding="utf-8")
    with scratch() as connection:
        for vendor in vendors:
            land_bars(connection, vendor)
        land_portfolio(connection, load_portfolio(home))
        for statement in takewhile(lambda statement: statement.relation != "stg_bars", models.statements):
            connection.execute(statement.sql)
        connection.execute(models.sql_of("corporate_actions"))
        yield connection


def spy(closes: Sequence[float | None], **columns: Any) -> pd.DataFrame:  # noqa: ANN401 - numbers, or one for all
    """Make bars of SPY from 2014-01-02 on."""
    return points(SPY=list(closes)).assign(**columns)


def test_one_source_lands_as_it_is(models: Models, tmp_path: Path) -> None:
    """Bars of a lake with one source are those that landed, to the last bit, and nothing differs."""
    bars = spy(TRUTH, open=np.pi * np.array(TRUTH) / 3.2, volume=np.nan)
    bars = bars.assign(high=bars[["open", "close"]].max(axis=1), low=bars[["open", "close"]].min(axis=1))
    with reconciled(models, tmp_path, [Vendor(bars)]) as lake:
        columns = "symbol, session_date, open, high, low, close, adj_close, volume, dividend"
        found = lake.execute(f"SELECT {columns} FROM bars ORDER BY session_date").df()
        expected = lake.execute(f"SELECT {columns} FROM landing.bar_versions ORDER BY session_date").df()
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        assert lake.execute("FROM source_differences").fetchall() == []


def test_of_three_sources_the_majority_counts(models: Models, tmp_path: Path) -> None:
    """A wrong print of the best-ranked source gives way to the best of the two that agree; two alone leave a doubt."""
    wrong = [*TRUTH[:-1], TRUTH[-1] * 1.05]
    vendors = [Vendor(spy(wrong), "ibkr"), Vendor(spy(TRUTH), "tiingo"), Vendor(spy(TRUTH), "alpaca")]
    newest = "SELECT source, close FROM bars ORDER BY session_date DESC LIMIT 1"
    verdicts = "SELECT source_a, source_b, field, verdict FROM source_differences ORDER BY ALL"
    with reconciled(models, tmp_path, vendors) as lake:
        assert lake.execute(newest).fetchall() == [("tiingo", TRUTH[-1])]
        assert lake.execute(verdicts).fetchall() == [
            ("alpaca", "ibkr", "adjusted_return", "a_confirmed"),
            ("alpaca", "ibkr", "close", "a_confirmed"),
            ("ibkr", "tiingo", "adjusted_return", "b_confirmed"),
            ("ibkr", "tiingo", "close", "b_confirmed"),
        ]
        assert lake.execute("SELECT DISTINCT source FROM bars").fetchall() == [("tiingo",)]
    with reconciled(models, tmp_path, vendors[:2]) as lake:
        assert lake.execute(newest).fetchall() == [("ibkr", wrong[-1])]
        assert {verdict for *_, verdict in lake.execute(verdicts).fetchall()} == {"doubt"}


def test_bases_are_never_mixed(models: Models, tmp_path: Path) -> None:
    """Older years of another base are chained: every return of the joined series is one that a source has stated."""
    paid = np.array([*[0.9] * 30, *[1.0] * 30]) * TRUTH
    late = spy([*[None] * 20, *TRUTH[20:]])
    ibkr = late.assign(adj_close=paid[20:])
    files = spy(TRUTH).assign(adj_close=0.5 * paid)
    with reconciled(models, tmp_path, [Vendor(files, "files"), Vendor(ibkr, "ibkr")]) as lake:
        segments = lake.execute("SELECT series, role, price_factor FROM bar_segments ORDER BY ALL").fetchall()
        assert segments == [("files", "earlier", 1.0), ("ibkr", "base", 1.0)]
        joined = lake.execute("SELECT adj_close FROM bars ORDER BY session_date").fetchnumpy()["adj_close"]
        assert joined == pytest.approx(paid, rel=1e-3)
        assert joined[20:].tolist() == paid[20:].tolist()


def test_sources_that_disagree_at_the_seam_are_not_joined(models: Models, tmp_path: Path) -> None:
    """Older years of a source whose returns differ where the other begins stay out, rather than being guessed at."""
    odd = [close * (1.01 if at % 2 else 1.0) for at, close in enumerate(TRUTH)]
    vendors = [Vendor(spy(odd), "files"), Vendor(spy([*[None] * 20, *TRUTH[20:]]), "ibkr")]
    with reconciled(models, tmp_path, vendors) as lake:
        assert lake.execute("SELECT count(*), min(source), max(source) FROM bars").fetchall() == [(40, "ibkr", "ibkr")]


def test_the_newest_bar_of_another_source_goes_on_after_a_split(models: Models, tmp_path: Path) -> None:
    """The gateway counts in new shares at once; the history of the other vendor is brought to them."""
    old, new = [4 * close for close in TRUTH[:-1]], TRUTH
    vendors = [
        Vendor(spy(old, dividend=0.0), "tiingo"),
        Vendor(spy([*[None] * 30, *new[30:]]), "yahoo", is_final=False),
    ]
    with reconciled(models, tmp_path, vendors) as lake:
        rows = lake.execute("SELECT source, is_final, close FROM bars ORDER BY session_date").fetchall()
        assert [close for *_, close in rows] == pytest.approx(TRUTH)
        assert rows[-1][:2] == ("yahoo", False)
        assert {source for source, *_ in rows[:-1]} == {"tiingo"}


def test_a_rename_continues_the_series(models: Models, tmp_path: Path) -> None:
    """The history of the old symbol is read as the new one's, on its base; another symbol's change moves nothing."""
    old = points(FB=TRUTH[:40])
    new = points(META=[*[None] * 40, *TRUTH[40:]])
    new["adj_close"] *= 0.5
    changed = min(new["session_date"])
    settings = {
        "universe": ["META"],
        "symbol_changes": [{"old": "FB", "new": "META", "date": str(changed)}, {"old": "X", "ended": "2013-01-02"}],
    }
    bars = pd.concat([old, new])
    with reconciled(models, tmp_path, [Vendor(bars, "files")], settings) as lake:
        rows = lake.execute("SELECT symbol, close, adj_close FROM bars ORDER BY session_date").fetchall()
        assert [(symbol, close) for symbol, close, _ in rows] == [("META", close) for close in TRUTH]
        assert [adj_close for *_, adj_close in rows] == pytest.approx([close / 2 for close in TRUTH])


def test_an_ended_symbol_has_no_bar_after_its_end(models: Models, tmp_path: Path) -> None:
    """Whoever trades under its name later is somebody else."""
    bars = spy(TRUTH)
    settings = {"universe": ["SPY"], "symbol_changes": [{"old": "SPY", "ended": str(bars["session_date"].iloc[9])}]}
    with reconciled(models, tmp_path, [Vendor(bars)], settings) as lake:
        assert lake.execute("SELECT count(*) FROM bars").fetchall() == [(10,)]


def test_stated_splits_land_once(models: Models, tmp_path: Path) -> None:
    """A source that states its splits again adds nothing; another ratio replaces the first."""
    split = StatedAction("SPY", date(2014, 2, 3), CorporateAction.SPLIT, ratio=4.0)
    none = StatedAction("SPY", date(2014, 2, 4), CorporateAction.SPLIT, ratio=-1.0)
    vendors = [Vendor(spy(TRUTH), "tiingo", (split, none)), Vendor(spy(TRUTH), "tiingo", (split,))]
    corrected = StatedAction("SPY", date(2014, 2, 3), CorporateAction.SPLIT, ratio=2.0)
    found = "SELECT session_date, ratio, source, found FROM corporate_actions"
    with reconciled(models, tmp_path, vendors) as lake:
        assert lake.execute("SELECT count(*) FROM landing.corporate_actions").fetchone() == (1,)
        assert lake.execute(found).fetchall() == [(date(2014, 2, 3), 4.0, "tiingo", "stated")]
    with reconciled(models, tmp_path, [*vendors, Vendor(spy(TRUTH), "tiingo", (corrected,))]) as lake:
        assert lake.execute(found).fetchall() == [(date(2014, 2, 3), 2.0, "tiingo", "stated")]


def test_a_history_that_is_stated_anew_shows_the_split(models: Models, tmp_path: Path) -> None:
    """The gateway's closes of yesterday count in today's shares: the split is today's, before anybody states it."""
    before = [4 * close for close in TRUTH[:-1]]
    vendors = [Vendor(spy(before), "ibkr", is_final=False), Vendor(spy(TRUTH), "ibkr", is_final=False)]
    with reconciled(models, tmp_path, vendors) as lake:
        found = lake.execute("SELECT session_date, kind, ratio, found FROM corporate_actions").fetchall()
        assert found == [(spy(TRUTH)["session_date"].iloc[-1], "split", 4.0, "derived")]


def test_real_bars_show_their_dividends_and_no_false_split(
    models: Models, tmp_path: Path, real_bars: pd.DataFrame
) -> None:
    """71 ETFs over 20 years: every stated dividend once, those above rounding confirmed, crashes are no splits."""
    with reconciled(models, tmp_path, [Vendor(real_bars, "files")]) as lake:
        stated = int((real_bars["dividend"] > 0).sum())
        assert lake.execute("SELECT count(*) FROM corporate_actions").fetchall() == [(stated,)]
        assert lake.execute("SELECT count(*) FROM corporate_actions WHERE kind = 'split'").fetchall() == [(0,)]
        counts = lake.execute(
            "SELECT symbol, count(*) AS n FROM corporate_actions GROUP BY symbol, year(session_date) HAVING n > 13"
        ).fetchall()
        assert {symbol for symbol, _ in counts} == {"OIH"}  # until 2011 a trust that passed on what each share paid
        largest = lake.execute("SELECT max(amount) FROM corporate_actions WHERE found = 'stated'").fetchall()[0][0]
        assert largest < 0.02


def test_real_splits_in_prices_as_traded_are_found(models: Models, tmp_path: Path, real_bars: pd.DataFrame) -> None:
    """Prices as traded of 71 ETFs, each split at a day of its own: every one is found with its day and ratio."""
    ratios = [2.0, 3.0, 4.0, 1.5, 0.1, 0.25, 10.0]
    frames, planted = [], set()
    for at, (symbol, bars) in enumerate(real_bars[real_bars["session_date"] >= date(2016, 1, 1)].groupby("symbol")):
        ratio, place = ratios[at % len(ratios)], 50 + 20 * at
        days = sorted(bars["session_date"])
        if place >= len(days) or (bars.loc[bars["session_date"] == days[place], "dividend"] > 0).any():
            continue
        is_before = bars["session_date"] < days[place]
        raw = bars.copy()
        for name in ("open", "high", "low", "close", "dividend"):
            raw.loc[is_before, name] *= ratio
        frames.append(raw)
        planted.add((symbol, days[place], ratio))
    assert len(planted) > 60
    with reconciled(models, tmp_path, [Vendor(pd.concat(frames), "files")]) as lake:
        found = lake.execute("SELECT symbol, session_date, round(ratio, 6) FROM corporate_actions WHERE kind = 'split'")
        assert set(found.fetchall()) == planted
