"""Bars from CSV and Parquet files as they are exported."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.calendar.sessions import sessions
from warehouse.errors import SourceError
from warehouse.sources.base import RAW_BAR_SCHEMA, silent
from warehouse.sources.files.source import FileOptions, FileSource

PLAIN = "Date,Open,High,Low,Close,Volume\n"
FIRST = ("SPY", date(2024, 1, 2), 472.16, 473.67, 470.49, 472.65)
SECOND = ("SPY", date(2024, 1, 3), 470.43, 471.19, 468.17, 468.79)
EXPORTS = {
    # Yahoo's download: all prices and the adjusted close.
    "SPY.csv": """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-02,472.160004,473.670013,470.489990,472.649994,472.65,123623700
2024-01-03,470.429993,471.190002,468.170013,468.790009,468.79,103585900
""",
    # yfinance, Ticker.history().to_csv().
    "spy.csv": """Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains
2024-01-02 00:00:00-05:00,472.16,473.67,470.49,472.65,123623700,0.0,0.0,0.0
2024-01-03 00:00:00-05:00,470.43,471.19,468.17,468.79,103585900,0.0,0.0,0.0
""",
    # yfinance, download("SPY").to_csv(): three header lines.
    "download.csv": """Price,Close,High,Low,Open,Volume
Ticker,SPY,SPY,SPY,SPY,SPY
Date,,,,,
2024-01-02,472.65,473.67,470.49,472.16,123623700
2024-01-03,468.79,471.19,468.17,470.43,103585900
""",
    # Stooq's archive.
    "spy.us.txt": """<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
SPY.US,D,20240102,000000,472.16,473.67,470.49,472.65,123623700,0
SPY.US,D,20240103,000000,470.43,471.19,468.17,468.79,103585900,0
""",
    # Stooq's web page.
    "spy_us_d.csv": """Date,Open,High,Low,Close,Volume
2024-01-02,472.16,473.67,470.49,472.65,123623700
2024-01-03,470.43,471.19,468.17,468.79,103585900
""",
    # IBKR history, dates as the TWS API sends them for daily bars.
    "SPY.txt": """,date,open,high,low,close,volume,average,barCount
0,20240102,472.16,473.67,470.49,472.65,1236237,472.1,500
1,20240103,470.43,471.19,468.17,468.79,1035859,469.9,500
""",
    # IBKR history with times and a zone.
    "SPY_daily.csv": """date,open,high,low,close,volume,average,barCount
20240102 16:00:00 US/Eastern,472.16,473.67,470.49,472.65,1236237,472.1,500
20240103 16:00:00 US/Eastern,470.43,471.19,468.17,468.79,1035859,469.9,500
""",
    # A spreadsheet of the continent, saved on Windows: BOM, semicolons, CRLF, quotes, an empty end.
    "SPY-daily.csv": "\ufeffDate;Open;High;Low;Close\r\n"
    '"2024-01-02";"472.16";"473.67";"470.49";"472.65"\r\n'
    "2024-01-03; 470.43 ;471.19;468.17;468.79\r\n;;;;\r\n\r\n",
}


def rows_of(*paths: Path, options: FileOptions | None = None) -> list[dict[str, Any]]:
    """Fetch the files and return their rows."""
    tables = list(FileSource(paths, options).fetch(silent))
    assert all(table.schema == RAW_BAR_SCHEMA for table in tables)
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def brief(row: dict[str, Any]) -> tuple[Any, ...]:
    """Reduce a row to what all exports share, prices to cents."""
    prices = (round(row[name], 2) for name in ("open", "high", "low", "close"))
    return (row["symbol"], row["session_date"], *prices)


@pytest.mark.parametrize("name", EXPORTS)
def test_common_exports_are_recognised(tmp_path: Path, name: str) -> None:
    """Symbol, dates and prices come out the same, whichever program exported them."""
    path = written(tmp_path, name, EXPORTS[name])
    rows = rows_of(path)
    assert [brief(row) for row in rows] == [FIRST, SECOND]
    assert [row["problem"] for row in rows] == [None, None]
    assert {row["file"] for row in rows} == {str(path)}
    first_line = EXPORTS[name].split("2024", maxsplit=1)[0].count("\n") + 1
    assert [row["line"] for row in rows] == [first_line, first_line + 1]


def test_missing_columns_have_stated_defaults(tmp_path: Path) -> None:
    """Without the column the adjusted close is the close, the dividend 0 and the volume unknown."""
    (row,) = rows_of(written(tmp_path, "SPY.csv", "Date,Open,High,Low,Close\n2024-01-02,1,3,1,2\n"))
    assert (row["adj_close"], row["dividend"], row["volume"]) == (2.0, 0.0, None)
    (row,) = rows_of(written(tmp_path, "QQQ.csv", "Date,Open,High,Low,Close,Volume,Dividends\n2024-01-02,1,3,1,2,,\n"))
    assert (row["dividend"], row["volume"]) == (0.0, None)


def test_parquet_of_our_own_form(tmp_path: Path) -> None:
    """Typed columns are taken as they are; the line is the row."""
    path = tmp_path / "bars.parquet"
    day = date(2024, 1, 2)
    bar = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "adj_close": 10.5, "volume": 7}
    bars = [{"symbol": symbol, "session_date": day, **bar, "dividend": 0.5} for symbol in ("SPY", "QQQ")]
    pq.write_table(pa.Table.from_pylist(bars), path)
    extra = {"is_final": True, "file": str(path), "problem": None}
    assert rows_of(path) == [row | extra | {"line": i} for i, row in enumerate(bars, start=1)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([datetime(2024, 1, 2, tzinfo=ZoneInfo("America/New_York"))], None),
        ([datetime(2024, 1, 2)], pa.timestamp("ns")),  # noqa: DTZ001
        ([20240102], pa.int64()),
        (["2024-01-02"], pa.large_string()),
        ([date(2024, 1, 2)], pa.date64()),
    ],
)
def test_parquet_dates_of_any_type(tmp_path: Path, values: list[object], kind: pa.DataType | None) -> None:
    """Timestamps with or without zone, integers, texts and both date types: the local day."""
    path = tmp_path / "SPY.parquet"
    prices = {name: [10] for name in ("Open", "High", "Low", "Close")}
    pq.write_table(pa.table({"Date": pa.array(values, kind), **prices}), path)
    (row,) = rows_of(path)
    assert (row["symbol"], row["session_date"], row["close"]) == ("SPY", date(2024, 1, 2), 10.0)


def test_unreadable_cells_are_named_and_their_rows_kept(tmp_path: Path) -> None:
    """A cell that cannot be read becomes the problem of its row; a missing one is null."""
    days = sessions(date(2023, 1, 3), date(2024, 1, 2))
    lines = [f"{day},1.5,3,1,2,5" for day in days]
    lines[1] = '2024-02-30,x,3,1,"1,5",5'
    lines[2] = f"{days[2]},null,NaN,N/A,,5"
    lines[3] = "soon,1,3,1,0x10,5"
    rows = rows_of(written(tmp_path, "SPY.csv", PLAIN + "\n".join(lines)))
    assert [row["line"] for row in rows] == list(range(2, len(days) + 2))
    assert {row["line"]: row["problem"].split("; ") for row in rows if row["problem"]} == {
        3: ["session_date='2024-02-30' is not a date", "open='x' is not a number", "close='1,5' is not a number"],
        5: ["session_date='soon' is not a date", "close='0x10' is not a number"],
    }
    assert [rows[1][name] for name in ("session_date", "open", "close", "adj_close")] == [None] * 4
    assert [rows[2][name] for name in ("open", "high", "low", "close")] == [None] * 4


def test_lines_are_counted_past_empty_ones(tmp_path: Path) -> None:
    """Empty lines, with blanks or without, are no rows and shift no line number."""
    text = PLAIN + "2024-01-02,1,3,1,2,5\n\n   \n2024-01-03,1,3,1,2,5\n,,,,,\n2024-01-04,1,3,1,2,5"
    rows = rows_of(written(tmp_path, "SPY.csv", text))
    assert [(row["line"], row["session_date"].day) for row in rows] == [(2, 2), (5, 3), (7, 4)]


def test_columns_and_dates_can_be_mapped(tmp_path: Path) -> None:
    """Options name the columns and the date form that recognition cannot know."""
    path = written(tmp_path, "all.csv", "Fund,Day,O,H,L,Last\nspy,31/01/2024,1,3,1,2\n")
    columns = {
        "symbol": "Fund",
        "session_date": "Day",
        "open": "O",
        "high": "H",
        "low": "L",
        "close": "Last",
    }
    (row,) = rows_of(path, options=FileOptions(columns=columns, date_format="%d/%m/%Y"))
    assert brief(row) == ("SPY", date(2024, 1, 31), 1.0, 3.0, 1.0, 2.0)


def test_options_choose_symbols_and_days(tmp_path: Path) -> None:
    """Only the symbols and days asked for are taken; a row that cannot be told stays."""
    text = "Ticker,Date,Open,High,Low,Close\n"
    for symbol in ("SPY", "QQQ"):
        text += "".join(f"{symbol},2024-01-0{day},1,3,1,2\n" for day in range(1, 6))
    path = written(tmp_path, "all.csv", text + "SPY,soon,1,3,1,2\n")
    other = written(tmp_path, "TLT.csv", PLAIN + "2024-01-02,1,3,1,2,5\n")
    options = FileOptions(
        symbols=frozenset({"SPY"}),
        start=date(2024, 1, 2),
        end=date(2024, 1, 4),
        final_until=date(2024, 1, 3),
    )
    rows = rows_of(path, other, options=options)
    assert [(row["symbol"], row["line"]) for row in rows] == [("SPY", n) for n in (3, 4, 5, 12)]
    assert [row["is_final"] for row in rows] == [True, True, False, False]


def test_folder_of_one_file_per_symbol(tmp_path: Path) -> None:
    """Every bar file of a folder is read in order of name, others are ignored, progress is told."""
    for name in ("TLT.csv", "brk-b.us.txt", "ief_us_d.csv"):
        written(tmp_path, name, PLAIN + "2024-01-02,1,3,1,2,5\n")
    written(tmp_path, "README.md", "# Notes\n")
    steps: list[tuple[int, int, str]] = []
    tables = list(FileSource([tmp_path]).fetch(lambda *step: steps.append(step)))
    assert [table["symbol"][0].as_py() for table in tables] == ["TLT", "BRK.B", "IEF"]
    assert [(done, of, Path(label).name) for done, of, label in steps] == [
        (1, 3, "TLT.csv"),
        (2, 3, "brk-b.us.txt"),
        (3, 3, "ief_us_d.csv"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("SPY.csv", "", "no column for session_date, open, high, low, close; found none"),
        (
            "SPY.csv",
            "Day,Open,High,Low,Close\n",
            r"no column for session_date; found 'Day', .*--column session_date=<column>",
        ),
        (
            "SPY.csv",
            "Date,Open,High,Low,Close,close\n2024-01-02,1,3,1,2,1.9\n",
            r"'Close' \(place 5\) and 'close' \(place 6\) could both be the close, and differ",
        ),
        ("SPY.csv", PLAIN, "no bar of the symbols and days asked for"),
        ("SPY.csv", PLAIN + "2024-01-02,1,3,1,2\n", "line 2 has 5 cells, its header 6"),
        ("SPY.csv", PLAIN + "\n2024-01-02,1,3,1,2,5\n2024-01-03,1,3,1,2,5,6\n", "line 4 has 7 cells"),
        ("SPY.csv", PLAIN + '2024-01-02,1,3,1,2,"5\n2024-01-03,1,3,1,2,5\n', "closing quote"),
        ("my bars.csv", PLAIN, "file's name is no ticker"),
        ("SPY.csv", "Price,Close,Close\nTicker,SPY,QQQ\nDate,,\n", r"one column per symbol \(SPY, QQQ, …\)"),
        (
            "spy.txt",
            "<PER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n5,20240102,1,3,1,2\n",
            r"period 5; daily bars \(D\) are needed",
        ),
        (
            "SPY.csv",
            "Date,Open,High,Low,Close\n20240102 09:30:00,1,3,1,2\n20240102 09:31:00,1,3,1,3\n",
            "several rows a day: lines 2 and 3 are both of 2024-01-02",
        ),
        ("SPY.parquet", "no Parquet", "not a readable Parquet file"),
        ("SPY.xlsx", "no workbook", "not a readable workbook"),
        ("SPY.json", "no JSON", "no readable JSON"),
        ("SPY.zip", "no archive", "a damaged archive"),
        ("SPY.csv.gz", "no archive", r"a damaged \.gz file"),
        ("SPY.docx", "a letter", "files of bars end in"),
    ],
)
def test_input_that_is_not_understood_is_an_error(tmp_path: Path, name: str, text: str, message: str) -> None:
    """The error names the file, what is wrong with it and, where there is one, the way out."""
    path = written(tmp_path, name, text)
    with pytest.raises(SourceError, match=message) as raised:
        rows_of(path)
    assert str(raised.value).startswith(str(path))


def test_mappings_that_do_not_fit_are_errors(tmp_path: Path) -> None:
    """A column the file does not have and a name that bars do not have are refused."""
    path = written(tmp_path, "SPY.csv", PLAIN)
    with pytest.raises(SourceError, match="no column for close; found 'Date'"):
        rows_of(path, options=FileOptions(columns={"close": "Last"}))
    with pytest.raises(SourceError, match="price=…: no such name; there are symbol"):
        rows_of(path, options=FileOptions(columns={"price": "Close"}))


def test_paths_without_bars_are_errors(tmp_path: Path) -> None:
    """A missing path, an empty folder, a file that is no text and a damaged Parquet file."""
    with pytest.raises(SourceError, match=r"absent\.csv: there is no such file or folder"):
        rows_of(tmp_path / "absent.csv")
    with pytest.raises(SourceError, match="folder holds no"):
        rows_of(tmp_path)
    binary = tmp_path / "SPY.csv"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(SourceError, match="cannot be read as text"):
        rows_of(binary)
    damaged = tmp_path / "QQQ.parquet"
    prices = {name: list(range(1000)) for name in ("date", "open", "high", "low", "close")}
    pq.write_table(pa.table(prices), damaged, compression="zstd")
    content = bytearray(damaged.read_bytes())
    content[4:2000] = bytes(1996)
    damaged.write_bytes(content)
    with pytest.raises(SourceError, match="damaged"):
        rows_of(damaged)
