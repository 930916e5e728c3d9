"""JSON as the vendors answer for which there are sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from corpus import Sample
from exports import SHARE, Day, epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PRICES = ("open", "high", "low", "close")


def records(
    day: Callable[[Day], object] = lambda bar: str(bar.day),
    names: str = "date open high low close volume",
    **more: object,
) -> list[dict[str, Any]]:
    """Return a record for each bar."""
    keys = names.split()
    return [dict(zip(keys, (day(bar), *bar.prices, bar.volume), strict=True)) | more for bar in SHARE]


def short(day: Callable[[Day], object]) -> list[dict[str, Any]]:
    """Return records with names of one letter."""
    return records(day, "t o h l c v", n=9, vw=100.0)


def stamped(bar: Day) -> str:
    """Write midnight in New York as a moment in UTC."""
    return (
        datetime(bar.day.year, bar.day.month, bar.day.day, tzinfo=ZoneInfo("America/New_York"))
        .astimezone(UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def as_json(value: object) -> str:
    """Write JSON."""
    return json.dumps(value)


QUOTE = {name: [getattr(bar, name) for bar in SHARE] for name in (*PRICES, "volume")}
CHART = {
    "chart": {
        "result": [
            {
                "meta": {
                    "currency": "USD",
                    "symbol": "SPY",
                    "instrumentType": "ETF",
                    "gmtoffset": -18000,
                    "validRanges": ["1d", "5d"],
                },
                "timestamp": [epoch(bar, 14) for bar in SHARE],
                "events": {
                    "dividends": {
                        str(epoch(bar, 14)): {"amount": bar.dividend, "date": epoch(bar, 14)}
                        for bar in SHARE
                        if bar.dividend
                    }
                },
                "indicators": {"quote": [QUOTE], "adjclose": [{"adjclose": [bar.adj_close for bar in SHARE]}]},
            }
        ],
        "error": None,
    }
}

JSONS = {
    "Polygon": Sample(
        "SPY.json",
        as_json(
            {
                "ticker": "SPY",
                "queryCount": 80,
                "resultsCount": 80,
                "adjusted": True,
                "results": short(lambda b: epoch(b, 5) * 1000),
                "status": "OK",
                "request_id": "x",
                "count": 80,
            }
        ),
    ),
    "Polygon, empty": Sample(
        "SPY.json",
        as_json({"ticker": "SPY", "queryCount": 0, "resultsCount": 0, "adjusted": True, "status": "OK"}),
        refused="no table|no bar",
    ),
    "Polygon, raw": Sample(
        "SPY.json",
        as_json({"ticker": "SPY", "adjusted": False, "results": short(lambda b: epoch(b, 5) * 1000), "status": "OK"}),
    ),
    "Polygon, grouped": Sample(
        "all.json",
        as_json({"adjusted": True, "results": [{"T": "SPY"} | r for r in short(lambda b: epoch(b, 21) * 1000)]}),
    ),
    "Alpaca, one": Sample("spy.json", as_json({"bars": short(stamped), "symbol": "SPY", "next_page_token": None})),
    "Alpaca, several": Sample("x.json", as_json({"bars": {"SPY": short(stamped)}, "next_page_token": None})),
    "Alpaca, two symbols": Sample(
        "x.json",
        as_json({"bars": {"SPY": short(stamped), "QQQ": short(stamped)}, "next_page_token": None}),
        options={"symbols": frozenset({"QQQ"})},
        symbol="QQQ",
    ),
    "Alpaca, a page of many": Sample(
        "SPY.json", as_json({"bars": short(stamped), "symbol": "SPY", "next_page_token": "U1BZfER8"}), refused="page"
    ),
    "Alpaca, pages": Sample(
        "SPY.json",
        as_json(
            [
                {"bars": {"SPY": short(stamped)[:40]}, "next_page_token": "x"},
                {"bars": {"SPY": short(stamped)[40:]}, "next_page_token": None},
            ]
        ),
        refused="several tables of bars",
    ),
    "Yahoo chart": Sample("chart.json", as_json(CHART), adjusted=True, dividends=True),
    "Tiingo JSON": Sample(
        "SPY.json",
        as_json(
            [
                {
                    "date": f"{b.day}T00:00:00.000Z",
                    "close": b.close,
                    "high": b.high,
                    "low": b.low,
                    "open": b.open,
                    "volume": b.volume,
                    "adjClose": b.adj_close,
                    "adjHigh": 1,
                    "adjLow": 1,
                    "adjOpen": 1,
                    "adjVolume": 1,
                    "divCash": b.dividend,
                    "splitFactor": 1.0,
                }
                for b in SHARE
            ]
        ),
        adjusted=True,
        dividends=True,
    ),
    "EODHD JSON": Sample(
        "SPY.US.json",
        as_json(
            [
                {
                    "date": str(b.day),
                    "open": b.open,
                    "high": b.high,
                    "low": b.low,
                    "close": b.close,
                    "adjusted_close": b.adj_close,
                    "volume": b.volume,
                }
                for b in SHARE
            ]
        ),
        adjusted=True,
    ),
    "FMP": Sample(
        "fmp.json",
        as_json(
            {
                "symbol": "SPY",
                "historical": [
                    {
                        "date": str(b.day),
                        "open": b.open,
                        "high": b.high,
                        "low": b.low,
                        "close": b.close,
                        "adjClose": b.adj_close,
                        "volume": b.volume,
                        "unadjustedVolume": b.volume,
                        "change": 0.1,
                        "changePercent": 0.1,
                        "vwap": 100.0,
                        "label": f"{b.day:%B %d, %y}",
                        "changeOverTime": 0.001,
                    }
                    for b in SHARE[::-1]
                ],
            }
        ),
        adjusted=True,
        options={"symbol": "SPY"},
    ),
    "FMP, stable": Sample(
        "fmp.json", as_json([{"symbol": "SPY", "change": 0.1, "vwap": 100.0} | r for r in records()])
    ),
}

SAMPLES: Mapping[str, Sample] = JSONS
