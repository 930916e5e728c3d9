"""The same bars packed, in JSON, in Parquet and in workbooks."""

from __future__ import annotations

import gzip
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exports import PLAIN, SHARE, epoch, landed, ohlc, require, table
from workbooks import workbook

from warehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    """.gz, .zip and UTF-16 hold the same bars."""
    text = table(SHARE, PLAIN, lambda bar: f"{bar.day},{ohlc(bar)},{bar.volume}")
    (tmp_path / "SPY.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("etfs/spy.us.txt", text)
        archive.writestr("README.md", "notes")
    (tmp_path / "SPY.csv").write_bytes(text.encode("utf-16"))
    for name in ("SPY.csv.gz", "all.zip", "SPY.csv"):
        rows = landed(tmp_path / name)
        require(rows, SHARE, adjusted=False)
        assert {row["symbol"] for row in rows} == {"SPY"}


def _records() -> list[dict[str, Any]]:
    return [
        {"date": str(bar.day), "open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close} for bar in SHARE
    ]


JSONS: dict[str, Callable[[], Any]] = {
    "records": _records,
    "wrapped": lambda: {"symbol": "SPY", "results": {"historical": _records()}},
    "columns": lambda: {name: [record[name] for record in _records()] for name in _records()[0]},
    "split": lambda: {
        "columns": ["open", "high", "low", "close"],
        "index": [record["date"] for record in _records()],
        "data": [[record[name] for name in ("open", "high", "low", "close")] for record in _records()],
    },
    "days": lambda: {
        "Meta Data": {"2. Symbol": "SPY"},
        "Time Series (Daily)": {
            record["date"]: {
                f"{i}. {name}": str(record[name]) for i, name in enumerate(("open", "high", "low", "close"), 1)
            }
            for record in _records()
        },
    },
    "pandas": lambda: {
        name: {str(epoch(bar, 0) * 1000): getattr(bar, name.lower()) for bar in SHARE}
        for name in ("Open", "High", "Low", "Close")
    },
}


@pytest.mark.parametrize("kind", JSONS)
def test_json_of_many_forms(tmp_path: Path, kind: str) -> None:
    """Records, columns, days as keys, wrapped or not."""
    path = tmp_path / "SPY.json"
    path.write_text(json.dumps(JSONS[kind]()))
    require(landed(path), SHARE, adjusted=False, volume=False)


def test_parquet_with_names_of_two_levels(tmp_path: Path) -> None:
    """The writer is pandas: such names as tuples; several symbols may stand side by side."""
    path = tmp_path / "prices.parquet"
    columns = {
        str((name.title(), symbol)): [getattr(bar, name) for bar in SHARE]
        for name in ("close", "high", "low", "open")
        for symbol in ("SPY", "BRK-B")
    }
    pq.write_table(pa.table(columns | {"Date": pa.array([bar.day for bar in SHARE], pa.date32())}), path)
    rows = landed(path)
    assert {row["symbol"] for row in rows} == {"SPY", "BRK.B"}
    require([row for row in rows if row["symbol"] == "SPY"], SHARE, adjusted=False, volume=False)


def test_a_workbook_is_read(tmp_path: Path) -> None:
    """The sheet that holds bars is found; of several, the user names one."""
    path = tmp_path / "SPY.xlsx"
    bars: list[list[object]] = [["Date", "Open", "High", "Low", "Close", "Volume"]]
    bars += [[bar.day, *bar.prices, bar.volume] for bar in SHARE]
    workbook(path, {"notes": [["made up"]], "prices": bars})
    rows = landed(path)
    require(rows, SHARE, adjusted=False)
    assert rows[0]["line"] == 2
    workbook(path, {"old": bars[:9], "new": bars})
    with pytest.raises(SourceError, match=r"2 of its sheets could hold the bars.*--sheet NAME"):
        landed(path)
    require(landed(path, sheet="new"), SHARE, adjusted=False)
    with pytest.raises(SourceError, match=r"there are 'old', 'new'\. Say which"):
        landed(path, sheet="other")
