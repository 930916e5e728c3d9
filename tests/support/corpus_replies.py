"""JSON of vendors, brokers and libraries, of every form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from corpus import Sample
from corpus_notations import PRICES, QUOTE, as_json, records
from exports import SHARE, epoch

if TYPE_CHECKING:
    from collections.abc import Mapping

JSONS = {
    "Twelve Data JSON": Sample(
        "SPY.json",
        as_json(
            {
                "meta": {"symbol": "SPY", "interval": "1day", "currency": "USD"},
                "values": [
                    {k: str(v) for k, v in r.items()} for r in records(names="datetime open high low close volume")
                ],
                "status": "ok",
            }
        ),
    ),
    "Finnhub": Sample(
        "SPY.json",
        as_json(
            {
                "c": QUOTE["close"],
                "h": QUOTE["high"],
                "l": QUOTE["low"],
                "o": QUOTE["open"],
                "s": "ok",
                "t": [epoch(b, 0) for b in SHARE],
                "v": QUOTE["volume"],
            }
        ),
    ),
    "Finnhub, none": Sample("SPY.json", as_json({"s": "no_data"}), refused="no table|no_data"),
    "marketstack": Sample(
        "x.json",
        as_json(
            {
                "pagination": {"limit": 100, "offset": 0, "count": 80, "total": 80},
                "data": [
                    r
                    | {
                        "adj_close": b.adj_close,
                        "adj_open": 1.0,
                        "adj_high": 1.0,
                        "adj_low": 1.0,
                        "adj_volume": 1.0,
                        "split_factor": 1.0,
                        "dividend": b.dividend,
                        "symbol": "SPY",
                        "exchange": "ARCX",
                    }
                    for r, b in zip(records(lambda b: f"{b.day}T00:00:00+0000"), SHARE, strict=True)
                ],
            }
        ),
        adjusted=True,
        dividends=True,
    ),
    "Schwab": Sample(
        "SPY.json",
        as_json(
            {
                "candles": records(lambda b: epoch(b, 6) * 1000, "datetime open high low close volume"),
                "symbol": "SPY",
                "empty": False,
            }
        ),
    ),
    "Tradier": Sample("SPY.json", as_json({"history": {"day": records()}})),
    "IBKR portal": Sample(
        "SPY.json",
        as_json(
            {
                "serverId": "1",
                "symbol": "SPY",
                "text": "SPDR",
                "priceFactor": 100,
                "barLength": 86400,
                "data": records(lambda b: epoch(b, 14) * 1000, "t o h l c v"),
            }
        ),
    ),
    "Alpha Vantage JSON": Sample(
        "SPY.json",
        as_json(
            {
                "Meta Data": {"1. Information": "Daily Prices", "2. Symbol": "SPY"},
                "Time Series (Daily)": {
                    str(b.day): {
                        "1. open": str(b.open),
                        "2. high": str(b.high),
                        "3. low": str(b.low),
                        "4. close": str(b.close),
                        "5. adjusted close": str(b.adj_close),
                        "6. volume": str(b.volume),
                        "7. dividend amount": str(b.dividend),
                        "8. split coefficient": "1.0",
                    }
                    for b in SHARE[::-1]
                },
            }
        ),
        adjusted=True,
        dividends=True,
    ),
    "Alpha Vantage, quota": Sample(
        "SPY.json",
        as_json(
            {"Information": "Thank you for using Alpha Vantage! Our standard API rate limit is 25 requests per day."}
        ),
        refused="25 requests",
    ),
    "Alpha Vantage, wrong call": Sample(
        "SPY.json", as_json({"Error Message": "Invalid API call."}), refused="Invalid API call"
    ),
    "Nasdaq JSON": Sample(
        "SPY.json",
        as_json(
            {
                "data": {
                    "symbol": "SPY",
                    "totalRecords": 80,
                    "tradesTable": {
                        "asOf": None,
                        "headers": {
                            "date": "Date",
                            "close": "Close/Last",
                            "volume": "Volume",
                            "open": "Open",
                            "high": "High",
                            "low": "Low",
                        },
                        "rows": [
                            {
                                "date": f"{b.day:%m/%d/%Y}",
                                "close": f"${b.close}",
                                "volume": f"{b.volume:,}",
                                "open": f"${b.open}",
                                "high": f"${b.high}",
                                "low": f"${b.low}",
                            }
                            for b in SHARE
                        ],
                    },
                },
                "message": None,
                "status": {"rCode": 200},
            }
        ),
    ),
    "Nasdaq Data Link": Sample(
        "x.json",
        as_json(
            {
                "datatable": {
                    "data": [["SPY", str(b.day), *b.prices, b.volume, b.adj_close, b.close] for b in SHARE],
                    "columns": [
                        {"name": n, "type": "x"}
                        for n in ("ticker", "date", "open", "high", "low", "close", "volume", "closeadj", "closeunadj")
                    ],
                },
                "meta": {"next_cursor_id": None},
            }
        ),
        adjusted=True,
    ),
    "pandas, by row": Sample(
        "SPY.json",
        as_json({str(epoch(b, 0) * 1000): {n.title(): getattr(b, n) for n in PRICES} for b in SHARE}),
        volume=False,
    ),
    "pandas, table": Sample(
        "SPY.json",
        as_json(
            {
                "schema": {
                    "fields": [{"name": "Date", "type": "datetime"}],
                    "primaryKey": ["Date"],
                    "pandas_version": "1.4.0",
                },
                "data": records(lambda b: f"{b.day}T00:00:00.000", "Date Open High Low Close Volume"),
            }
        ),
    ),
    "lines": Sample("SPY.jsonl", "\n".join(map(json.dumps, records()))),
    "lines, in .json": Sample("SPY.json", "\n".join(map(json.dumps, records()))),
    "cut off": Sample("SPY.json", as_json(records())[:-20], refused="no readable JSON"),
    "not a number": Sample(
        "SPY.json",
        as_json([*records(), {"date": "2023-05-01", "volume": 0} | dict.fromkeys(PRICES, float("nan"))]),
    ),
    "weekly": Sample(
        "SPY.json",
        as_json(
            {
                "Meta Data": {"2. Symbol": "SPY"},
                "Weekly Time Series": {
                    str(b.day): {"1. open": b.open, "2. high": b.high, "3. low": b.low, "4. close": b.close}
                    for b in SHARE
                    if b.day.weekday() == 4
                },
            }
        ),
        refused="weekly",
    ),
}

SAMPLES: Mapping[str, Sample] = JSONS
