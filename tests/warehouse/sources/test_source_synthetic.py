"""The embedded sample market."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from warehouse.calendar.sessions import is_session, sessions
from warehouse.sources.base import silent
from warehouse.sources.synthetic import SPLIT_DAY, SyntheticSource
from warehouse.validation import validate

SHA256_OF_ROWS = "e41539730ab23486aabe4b77fd7a1067a5db7715ebdabdda220f5a3d5b254003"


@pytest.fixture(scope="module")
def sample() -> pa.Table:
    """The sample market as landed by default."""
    return pa.concat_tables(SyntheticSource().fetch(silent))


@pytest.fixture(scope="module")
def bars(sample: pa.Table) -> pd.DataFrame:
    """The sample with dates that pandas can compare."""
    frame: pd.DataFrame = sample.to_pandas()
    return frame.assign(session_date=pd.to_datetime(frame["session_date"]))


def test_rows_are_the_same_on_every_machine(sample: pa.Table) -> None:
    """Every value of every row is the one that was published, to the last bit."""
    digest = hashlib.sha256()
    for row in sample.to_pylist():
        digest.update(repr(list(row.values())).encode())
    assert digest.hexdigest() == SHA256_OF_ROWS


def test_another_seed_is_another_market(sample: pa.Table) -> None:
    """The seed decides the prices, not the sessions."""
    other = pa.concat_tables(SyntheticSource(seed=1).fetch(silent))
    assert other["session_date"] == sample["session_date"]
    assert other["close"] != sample["close"]


def test_every_row_is_valid_and_every_session_there(sample: pa.Table, bars: pd.DataFrame) -> None:
    """Nothing is quarantined; all symbols have all sessions of the exchange, BITO from mid-2016."""
    assert validate(sample, is_session).quarantined.num_rows == 0
    whole = len(sessions(date(2012, 1, 3), date(2019, 12, 31)))
    late = len(sessions(date(2016, 7, 1), date(2019, 12, 31)))
    counts = bars.groupby("symbol").size().to_dict()
    assert counts == dict.fromkeys(["SPY", "QQQ", "VTI", "TLT", "IEF", "GLD", "XLE", "BND"], whole) | {"BITO": late}


def test_prices_are_consistent(bars: pd.DataFrame) -> None:
    """Open and close lie in the range; adj_close moves like the close plus what it paid."""
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    for _, own in bars.groupby("symbol"):
        adjusted = own["adj_close"].pct_change().to_numpy()[1:]
        before = own["close"].shift() - own["dividend"]
        traded = (own["close"] / before - 1).to_numpy()[1:]
        assert np.abs(adjusted - traded).max() < 1e-6
        assert own["adj_close"].iloc[-1] == own["close"].iloc[-1]
    payouts = bars[bars["dividend"] > 0].groupby("symbol").size().to_dict()
    assert payouts == {"SPY": 32, "QQQ": 32, "VTI": 32, "XLE": 32, "TLT": 95, "IEF": 95, "BND": 95}


def test_split_shows_as_half_cents_before_it(bars: pd.DataFrame) -> None:
    """QQQ was quoted in cents before its 2-for-1 split too; adjusted, those are half-cents."""
    own = bars[bars["symbol"] == "QQQ"]
    is_whole = (own["close"] * 100 - (own["close"] * 100).round()).abs() < 1e-6
    before = own["session_date"] < pd.Timestamp(SPLIT_DAY)
    assert is_whole[~before].all()
    assert 0.3 < is_whole[before].mean() < 0.7


def test_assets_are_correlated_like_their_kind(bars: pd.DataFrame) -> None:
    """Stocks go together, bonds against them, and the worst day of stocks is a crash."""
    wide = bars.pivot_table(index="session_date", columns="symbol", values="adj_close")
    returns = wide.pct_change(fill_method=None)

    def correlation(left: str, right: str) -> float:
        return float(returns[left].corr(returns[right]))

    assert correlation("SPY", "VTI") > 0.95
    assert correlation("TLT", "IEF") > 0.9
    assert correlation("SPY", "TLT") < -0.1
    assert abs(correlation("SPY", "GLD")) < 0.2
    assert returns["SPY"].min() < -0.05
