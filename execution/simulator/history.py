"""Answers to requests for daily history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.simulator.client import Message, error
from execution.simulator.market import exchange_text, first_day, read_instant

if TYPE_CHECKING:
    from datetime import datetime

    from execution.simulator.market import DailyBar, Market
    from execution.simulator.wire import Value, Values

KINDS = {"TRADES", "ADJUSTED_LAST", "MIDPOINT", "BID", "ASK"}
MOST_BARS = 20_000
INVALID = "Error validating request.-'bW' : cause - "
NO_DATA = "Historical Market Data Service error message:HMDS query returned no data: "


def answer(symbol: str, asked: Values, market: Market, now: datetime) -> Message:
    """Return daily bars up to the asked end, that of the running session partial; or an error."""
    number = int(asked["reqId"])
    try:
        until = min(read_instant(asked["endDateTime"]), now) if asked["endDateTime"] else now
        start = first_day(until, asked["duration"])
    except ValueError as problem:
        return error(number, 321, INVALID + str(problem))
    if cause := _invalid(asked):
        return error(number, 321, INVALID + cause)
    bars = [bar for bar in market.bars(symbol, until, MOST_BARS) if bar.day >= start]
    if not bars:
        return error(number, 162, f"{NO_DATA}{symbol}@SMART {asked['whatToShow']}")
    is_adjusted = asked["whatToShow"] == "ADJUSTED_LAST"
    rows = [_row(bar, bar.factor / bars[-1].factor if is_adjusted else 1.0) for bar in bars]
    span = {"start": f"{bars[0].day:%Y%m%d} 00:00:00 US/Eastern", "end": exchange_text(until)}
    return Message("historicalData", {"reqId": number, **span}, symbol, rows)


def _invalid(asked: Values) -> str:
    if asked["barSize"] != "1 day":
        return "Only bars of 1 day are simulated"
    if asked["whatToShow"] not in KINDS:
        return f"Invalid whatToShow {asked['whatToShow']}"
    if asked["whatToShow"] == "ADJUSTED_LAST" and asked["endDateTime"]:
        return "End date not supported with adjusted last"
    return "Bars that are kept up to date are not simulated" if asked["keepUpToDate"] == "1" else ""


def _row(bar: DailyBar, factor: float) -> list[Value]:
    prices = [price * factor for price in (bar.open, bar.high, bar.low, bar.close)]
    average = sum(prices[1:]) / 3
    volume = int(bar.volume)
    # Ten years of many symbols pass here: text that the wire takes as it is takes a third of the time of numbers.
    texts: list[Value] = [f"{number:.6f}" for number in (*prices, average)]
    return [bar.day.isoformat().replace("-", ""), *texts[:4], str(volume), texts[4], str(volume // 100)]
