"""Splits and dividends in files: taken out where the file knows them, else refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exports import PLAIN, SHARE, Day, landed, ohlc, require, share, table

from warehouse.errors import SourceError
from warehouse.sources.files.bases import AdjustedBy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SPLIT_AT = 40


def before_split(ratio: float) -> Callable[[Day], float]:
    """Return the factor of prices as traded: a split on the fortieth session multiplies what was before."""
    return lambda bar: ratio if bar.day < SHARE[SPLIT_AT].day else 1.0


def as_traded(bar: Day, ratio: float = 2.0) -> str:
    """Write prices before a split of `ratio`:1."""
    factor = before_split(ratio)(bar)
    return ",".join(f"{price * factor:.4f}" for price in bar.prices)


SPLITS: dict[str, tuple[str, str]] = {
    "a split column": (
        "date,1. open,2. high,3. low,4. close,5. adjusted close,6. volume,7. dividend amount,8. split coefficient",
        "{day},{traded},{adj},{volume},{dividend},{split}",
    ),
    "an adjusted close alone": ("Date,Open,High,Low,Close,Adjusted_close,Volume", "{day},{traded},{adj},{volume}"),
    "Quandl": (
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume",
        "{day},{traded},{volume},{dividend},{split},1,1,1,{adj},1",
    ),
}


@pytest.mark.parametrize("kind", SPLITS)
def test_a_split_known_to_the_file_is_taken_out(tmp_path: Path, kind: str) -> None:
    """Prices as traded become split-adjusted ones."""
    header, form = SPLITS[kind]
    path = tmp_path / "AAPL.csv"

    def line(bar: Day) -> str:
        factor = before_split(7.0)(bar)
        return form.format(
            day=bar.day,
            traded=as_traded(bar, 7.0),
            adj=bar.adj_close,
            volume=bar.volume / factor,
            dividend=bar.dividend * factor,
            split=7.0 if bar.day == SHARE[SPLIT_AT].day else 1.0,
        )

    path.write_text(table(SHARE, header, line), encoding="utf-8")
    rows = landed(path)
    require(rows, SHARE, adjusted=True)
    if "Ex-Dividend" in header:
        assert [row["dividend"] for row in rows] == pytest.approx([bar.dividend for bar in SHARE])


def test_an_adjusted_export_with_splits_is_left_alone(tmp_path: Path) -> None:
    """Where the close does not fall on the day of the split, it is out already."""
    path = tmp_path / "AAPL.csv"
    split = SHARE[SPLIT_AT].day
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
    text = table(
        SHARE,
        header,
        lambda bar: (
            f"{bar.day},{ohlc(bar)},{bar.adj_close},{bar.volume},{bar.dividend},{2.0 if bar.day == split else 0.0}"
        ),
    )
    path.write_text(text, encoding="utf-8")
    require(landed(path), SHARE, adjusted=True)


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2, 3, 7, 20, 0.5, 0.1])
def test_a_split_that_nothing_takes_out_is_refused(tmp_path: Path, ratio: float) -> None:
    """The user may have it taken out, or say that the move was real."""
    path = tmp_path / "QQQ.csv"
    path.write_text(
        table(SHARE, PLAIN, lambda bar: f"{bar.day},{as_traded(bar, ratio)},{bar.volume}"), encoding="utf-8"
    )
    with pytest.raises(SourceError, match=rf"{SHARE[SPLIT_AT].day}: .* split .* not taken out"):
        landed(path)
    require(landed(path, adjusted_by=AdjustedBy.NONE), SHARE, adjusted=False, volume=False)
    assert landed(path, adjusted_by=AdjustedBy.SPLITS)[0]["close"] == pytest.approx(SHARE[0].close * ratio)


def test_dividends_make_an_adjusted_close(tmp_path: Path) -> None:
    """A close that falls on the days of its dividends is refused, or adjusted if the user says so."""
    path = tmp_path / "SPY.csv"
    bars = share(240)
    path.write_text(
        table(bars, PLAIN + ",Dividends", lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume},{bar.dividend}"),
        encoding="utf-8",
    )
    with pytest.raises(SourceError, match="--adjusted-by splits"):
        landed(path)
    require(landed(path, adjusted_by=AdjustedBy.SPLITS), bars, adjusted=True)
    require(landed(path, adjusted_by=AdjustedBy.DIVIDENDS), bars, adjusted=False)


def test_a_special_dividend_of_27_percent_is_no_split(tmp_path: Path) -> None:
    """An adjusted close or a stated dividend tells; where neither stands, the user does."""
    path = tmp_path / "PDBC.csv"

    def line(bar: Day) -> str:
        factor = before_split(1 / 0.73)(bar)
        return ",".join([str(bar.day), *(f"{price * factor:.4f}" for price in bar.prices), str(bar.close), "1"])

    path.write_text(table(SHARE, "Date,Open,High,Low,Close,Adj Close,Volume", line), encoding="utf-8")
    rows = landed(path)
    assert [row["adj_close"] for row in rows] == pytest.approx([bar.close for bar in SHARE])
    assert rows[0]["close"] == pytest.approx(SHARE[0].close / 0.73, abs=1e-3)
    path.write_text(
        "\n".join(",".join(text.split(",")[:5]) for text in path.read_text().splitlines()) + "\n", encoding="utf-8"
    )
    with pytest.raises(SourceError, match="--adjusted-by splits if the move is real"):
        landed(path)
    assert landed(path, adjusted_by=AdjustedBy.SPLITS)[0]["close"] == rows[0]["close"]
