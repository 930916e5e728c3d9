"""Forms of files: Parquet, archives, encodings, workbooks and ways to write days and numbers."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from corpus import Sample, comma, plain, rows
from corpus_notations import PRICES, as_json, records, stamped
from exports import PLAIN, SHARE, Day, epoch, ohlc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FRAME = pd.DataFrame(
    {
        "Date": pd.to_datetime([b.day for b in SHARE]),
        **{n.title(): [getattr(b, n) for b in SHARE] for n in (*PRICES, "volume")},
    }
)


def parquet(frame: pd.DataFrame) -> bytes:
    """Write Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), sink)
    return sink.getvalue()


def arrow(kind: str) -> bytes:
    """Write Feather, or Arrow as a file or a stream."""
    sink = io.BytesIO()
    if kind == "feather":
        pyarrow.feather.write_feather(FRAME, sink)
    else:
        table = pa.Table.from_pandas(FRAME)
        with (pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file)(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def levels() -> pd.DataFrame:
    """Name the columns on two levels."""
    frame = pd.DataFrame(
        {(n.title(), s): [getattr(b, n) for b in SHARE] for n in (*PRICES, "volume") for s in ("SPY",)},
        index=pd.DatetimeIndex(FRAME["Date"], name="Date"),
    )
    frame.columns = frame.columns.set_names(["Price", "Ticker"])
    return frame


TABLES = {
    "index of days": Sample("SPY.parquet", parquet(FRAME.set_index("Date"))),
    "index without a name": Sample("SPY.parquet", parquet(FRAME.set_index("Date").rename_axis(None))),
    "index of New York": Sample(
        "SPY.parquet",
        parquet(
            FRAME.set_index(pd.DatetimeIndex(FRAME["Date"]).tz_localize("America/New_York").rename("date")).drop(
                columns="Date"
            )
        ),
    ),
    "index in UTC, nanoseconds": Sample(
        "SPY.parquet",
        parquet(
            FRAME.set_index(
                pd.DatetimeIndex(FRAME["Date"])
                .tz_localize("America/New_York")
                .tz_convert("UTC")
                .as_unit("ns")
                .rename("timestamp")
            ).drop(columns="Date")
        ),
    ),
    "numbers of rows": Sample("SPY.parquet", parquet(FRAME.iloc[::-1])),
    "decimals": Sample(
        "SPY.parquet",
        parquet(
            pd.concat(
                [FRAME[["Date", "Volume"]], FRAME[["Open", "High", "Low", "Close"]].map(lambda v: Decimal(str(v)))],
                axis=1,
            )
        ),
    ),
    "texts": Sample("SPY.parquet", parquet(FRAME.astype(str))),
    "two levels": Sample("prices.parquet", parquet(levels())),
    "two levels, ticker first": Sample("prices.parquet", parquet(levels().swaplevel(axis=1))),
    "symbol and day as index": Sample(
        "bars.parquet", parquet(FRAME.assign(symbol="SPY").set_index(["symbol", "Date"]))
    ),
    "categories": Sample("bars.parquet", parquet(FRAME.assign(symbol=pd.Categorical(["SPY"] * 80)))),
    "days as nanoseconds": Sample(
        "SPY.parquet", parquet(FRAME.assign(Date=FRAME["Date"].astype("datetime64[ns]").astype("int64")))
    ),
    "days as milliseconds": Sample(
        "SPY.parquet", parquet(FRAME.assign(Date=FRAME["Date"].astype("datetime64[ms]").astype("int64")))
    ),
    "single precision": Sample(
        "SPY.parquet", parquet(FRAME.astype(dict.fromkeys(("Open", "High", "Low", "Close"), "float32")))
    ),
    "missing rows": Sample(
        "SPY.parquet",
        parquet(
            pd.concat(
                [
                    FRAME,
                    FRAME.tail(1).assign(
                        Date=pd.Timestamp("2023-05-01"),
                        Open=float("nan"),
                        High=float("nan"),
                        Low=float("nan"),
                        Close=float("nan"),
                    ),
                ]
            )
        ),
    ),
    "Feather": Sample("SPY.feather", arrow("feather")),
    "Arrow": Sample("SPY.arrow", arrow("file")),
    "Arrow, a stream": Sample("SPY.arrow", arrow("stream")),
    "minutes": Sample(
        "SPY.parquet",
        parquet(FRAME.assign(Date=pd.date_range("2023-01-03 09:30", periods=80, freq="min"))),
        refused="several rows a day",
    ),
    "hours": Sample(
        "SPY.parquet",
        parquet(FRAME.assign(Date=pd.date_range("2023-01-03 09:30", periods=80, freq="6h"))),
        refused="no session of XNYS",
    ),
    "pickled": Sample("SPY.pkl", b"\x80\x04", refused="files of bars end in"),
    "Parquet named csv": Sample("SPY.csv", parquet(FRAME), refused="Parquet"),
}


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """Write an archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


TEXT = rows(PLAIN, plain)
PACKAGES = {
    "gz": Sample("SPY.csv.gz", gzip.compress(TEXT.encode())),
    "gz, text of Stooq": Sample("spy.us.txt.gz", gzip.compress(TEXT.encode())),
    "gz of JSON": Sample("SPY.json.gz", gzip.compress(as_json(records()).encode())),
    "gz named csv": Sample("SPY.csv", gzip.compress(TEXT.encode()), refused=r"\.gz"),
    "cut gz": Sample("SPY.csv.gz", gzip.compress(TEXT.encode())[:-40], refused="damaged"),
    "zip of a Mac": Sample(
        "archive.zip",
        zipped({"SPY.csv": TEXT, "__MACOSX/._SPY.csv": b"\0\5\x16\7", ".DS_Store": b"x", "._SPY.csv": b"\0\5"}),
    ),
    "zip, folders": Sample(
        "archive.zip",
        zipped({"daily/us/nyse etfs/spy.us.txt": TEXT, "daily/readme.txt": "no bars"}),
        refused="readme",
    ),
    "zip, one symbol twice": Sample(
        "archive.zip",
        zipped(
            {
                "a/SPY.csv": TEXT,
                "b/SPY.csv": rows(PLAIN, lambda b: f"{b.day},{ohlc(b, lambda p: f'{p * 1.01:.2f}')},{b.volume}"),
            }
        ),
        refused="disagree",
    ),
    "zip in a zip": Sample("archive.zip", zipped({"SPY.zip": zipped({"SPY.csv": TEXT})}), refused="unpack|holds no"),
    "zip named csv": Sample("SPY.csv", zipped({"SPY.csv": TEXT}), refused=r"\.zip|archive"),
    "cut zip": Sample("a.zip", zipped({"SPY.csv": TEXT})[:-30], refused="damaged"),
    "empty zip": Sample("a.zip", zipped({}), refused="holds no"),
    "other packers": Sample("SPY.7z", b"7z", refused="files of bars end in"),
}

ENCODINGS = {
    "UTF-8 with a mark": Sample("SPY.csv", TEXT.encode("utf-8-sig")),
    "UTF-16": Sample("SPY.csv", TEXT.replace(",", "\t").encode("utf-16")),
    "UTF-16, no mark": Sample("SPY.csv", TEXT.encode("utf-16-le"), refused="UTF-8"),
    "UTF-32": Sample("SPY.csv", TEXT.encode("utf-32"), refused="UTF-8"),
    "Latin-1": Sample(
        "SPY.csv",
        rows(
            "Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen",
            lambda b: f"{b.day:%d.%m.%Y};{ohlc(b, comma, ';')};{b.volume}",
        ).encode("latin-1"),
    ),
    "CRLF": Sample("SPY.csv", TEXT.replace("\n", "\r\n").encode()),
    "CR": Sample("SPY.csv", TEXT.replace("\n", "\r").encode()),
    "CR CR LF": Sample("SPY.csv", TEXT.replace("\n", "\r\r\n").encode()),
    "NUL bytes": Sample("SPY.csv", TEXT.encode() + bytes(4096), refused="cannot be read as text"),
    "NUL bytes within": Sample(
        "SPY.csv", TEXT.replace("2023-02-01", "2023-02-\0\0").encode(), refused="cannot be read as text"
    ),
    "pipes": Sample("SPY.csv", TEXT.replace(",", "|")),
    "tabs": Sample("SPY.tsv", TEXT.replace(",", "\t")),
    "fixed width": Sample(
        "SPY.txt",
        rows(
            f"{'Date':<12}{'Open':>10}{'High':>10}{'Low':>10}{'Close':>10}{'Volume':>12}",
            lambda b: f"{b.day!s:<12}" + "".join(f"{p:>10.2f}" for p in b.prices) + f"{b.volume:>12}",
        ),
    ),
    "fixed width, dashes below": Sample(
        "SPY.txt",
        rows(
            f"{'Date':<12}{'Open':>10}{'High':>10}{'Low':>10}{'Close':>10}{'Volume':>12}\n" + "-" * 64,
            lambda b: f"{b.day!s:<12}" + "".join(f"{p:>10.2f}" for p in b.prices) + f"{b.volume:>12}",
        ),
        refused="line 2",
    ),
    "pipes on both sides": Sample(
        "SPY.txt",
        rows(
            "| Date | Open | High | Low | Close | Volume |",
            lambda b: f"| {b.day} | {ohlc(b, separator=' | ')} | {b.volume} |",
        ),
    ),
    "single quotes": Sample(
        "SPY.csv",
        rows("'Date','Open','High','Low','Close','Volume'", lambda b: ",".join(f"'{c}'" for c in plain(b).split(","))),
        refused="is not a date",
    ),
    "sep line": Sample("SPY.csv", "sep=;\r\n" + TEXT.replace(",", ";").replace("\n", "\r\n")),
    "blank lines between": Sample("SPY.csv", TEXT.replace("\n", "\n\n")),
    "a comma at each end": Sample("SPY.csv", TEXT.replace("\n", ",\n")),
    "blanks behind commas": Sample("SPY.csv", TEXT.replace(",", ", ")),
}


def days(form: Callable[[Day], object], header: str = PLAIN, **more: Any) -> Sample:  # noqa: ANN401
    """Return a sample that writes days in a form."""
    return Sample("SPY.csv", rows(header, lambda b: f'"{form(b)}",{ohlc(b)},{b.volume}'), **more)


NEW_YORK = ZoneInfo("America/New_York")


def moment(bar: Day, hour: int, zone: tzinfo) -> datetime:
    """Return an hour of the day in a zone."""
    return datetime(bar.day.year, bar.day.month, bar.day.day, hour, tzinfo=zone)


DAYS = {
    "2023-1-3": days(lambda b: f"{b.day.year}-{b.day.month}-{b.day.day}"),
    "1/3/2023": days(lambda b: f"{b.day.month}/{b.day.day}/{b.day.year}"),
    "3/1/2023": days(lambda b: f"{b.day.day}/{b.day.month}/{b.day.year}"),
    "1/3/23": days(lambda b: f"{b.day.month}/{b.day.day}/{b.day:%y}"),
    "03.01.23": days(lambda b: f"{b.day:%d.%m.%y}"),
    "230103": days(lambda b: f"{b.day:%y%m%d}", options={"date_format": "%y%m%d"}),
    "230103, not said": days(lambda b: f"{b.day:%y%m%d}", refused="--date-format"),
    "03-Jan-2023": days(lambda b: f"{b.day:%d-%b-%Y}"),
    "Jan 3, 2023": days(lambda b: f"{b.day:%b %-d, %Y}"),
    "Tuesday, January 3, 2023": days(lambda b: f"{b.day:%A, %B %-d, %Y}"),
    "January 3rd, 2023": days(lambda b: f"{b.day:%B} {b.day.day}th, {b.day.year}", refused="--date-format"),
    "3. Januar 2023": days(
        lambda b: f"{b.day.day}. {['Januar', 'Februar', 'März', 'April'][b.day.month - 1]} {b.day.year}"
    ),
    "3 janv. 2023": days(lambda b: f"{b.day.day} {['janv.', 'févr.', 'mars', 'avr.'][b.day.month - 1]} {b.day.year}"),
    "UTC midnight": days(lambda b: f"{b.day}T00:00:00.000Z"),
    "UTC of midnight in New York": days(stamped),
    "UTC of the close": days(lambda b: f"{b.day}T21:00:00Z"),
    "New York's close": days(lambda b: f"{b.day} 16:00:00"),
    "New York's midnight": days(lambda b: moment(b, 0, NEW_YORK).isoformat()),
    "midnight in Berlin as UTC": days(
        lambda b: moment(b, 0, ZoneInfo("Europe/Berlin")).astimezone(UTC).isoformat(), refused="evening"
    ),
    "New York's midnight in Los Angeles": days(
        lambda b: moment(b, 0, NEW_YORK).astimezone(ZoneInfo("America/Los_Angeles")).isoformat(), refused="evening"
    ),
    "New York's midnight in Tokyo": days(
        lambda b: moment(b, 0, NEW_YORK).astimezone(ZoneInfo("Asia/Tokyo")).isoformat()
    ),
    "seconds": days(lambda b: epoch(b, 14), "time,open,high,low,close,volume"),
    "milliseconds": days(lambda b: epoch(b, 0) * 1000),
    "microseconds": days(lambda b: epoch(b, 0) * 10**6),
    "nanoseconds": days(lambda b: epoch(b, 0) * 10**9),
    "milliseconds, exponent": days(lambda b: f"{epoch(b, 0) * 1000:.5E}", refused="--date-format"),
    "days of a spreadsheet": days(lambda b: b.day.toordinal() - 693594),
    "one day early": days(lambda b: b.day - timedelta(days=1), refused="day early"),
    "of two forms": Sample(
        "SPY.csv",
        rows(PLAIN, lambda b: f"{b.day:%m/%d/%Y},{ohlc(b)},1", SHARE[:40])
        + rows("", lambda b: f"{b.day},{ohlc(b)},1", SHARE[40:]),
        volume=False,
    ),
    "of two orders": Sample(
        "SPY.csv",
        rows(PLAIN, lambda b: f"{b.day:%m/%d/%Y},{ohlc(b)},1", SHARE[:40])
        + rows("", lambda b: f"{b.day:%d/%m/%Y},{ohlc(b)},1", SHARE[40:]),
        refused="--date-format",
    ),
    "year, month and day": Sample(
        "SPY.csv",
        rows(
            "Year,Month,Day,Open,High,Low,Close,Volume",
            lambda b: f"{b.day.year},{b.day.month},{b.day.day},{ohlc(b)},{b.volume}",
        ),
        refused="session_date",
    ),
    "2023.01.03": days(lambda b: f"{b.day:%Y.%m.%d}"),
    "20230103.0": days(lambda b: f"{b.day:%Y%m%d}.0"),
    "day and time apart": Sample(
        "SPY.csv", rows("Date,Time,Open,High,Low,Close,Volume", lambda b: f"{b.day},16:00,{ohlc(b)},{b.volume}")
    ),
    "timestamps beside dates": Sample(
        "SPY.csv", rows("Timestamp,Date,Open,High,Low,Close,Volume", lambda b: f"{epoch(b, 14)},{plain(b)}")
    ),
}

SAMPLES: Mapping[str, Sample] = {**TABLES, **PACKAGES, **ENCODINGS, **DAYS}
