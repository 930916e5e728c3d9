"""Vendors of bars, played: honest replies in each one's own form, and every misbehaviour that was seen of one."""

from __future__ import annotations

import gzip
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

from vendor_market import Traded, adjusted

from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLISHED, CORRECTED = time(17, 30), time(20)
TOO_MANY = 429
PAGE = 500  # bars, so that three symbols have more than one page

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """A request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response.

    Attributes:
        missing: Bytes of the body that are announced and never sent.
        drip: Seconds before each byte of the body.
        is_chunked: The body comes as one chunk of unknown many, and the connection ends without the last.
    """

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    missing: int = 0
    drip: float = 0.0
    is_chunked: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A way to answer.

    Attributes:
        rows: Changes one symbol's rows; told which key holds the close.
        reply: Changes the whole reply; told the vendor's time.
        without: Symbols that are left out.
    """

    rows: Callable[[list[Row], str], list[Row]] = lambda rows, _close: rows
    reply: Callable[[Reply, datetime], Reply] = lambda reply, _now: reply
    without: frozenset[str] = frozenset()


HONEST = Behaviour()


class FakeVendor(ABC):
    """Answers from one market, request by request.

    Attributes:
        asked: Every request so far.
    """

    name: str
    close_key: str

    def __init__(
        self,
        market: dict[str, list[Traded]],
        clock: Callable[[], datetime],
        play: Callable[[int], Behaviour] = lambda _number: HONEST,
    ) -> None:
        """Take a market, the time and the behaviour of each request, counted from 0."""
        self._market = market
        self._clock = clock
        self._play = play
        self.asked: list[VendorRequest] = []

    def answer(self, asked: VendorRequest) -> Reply:
        """Answer a request."""
        behaviour = self._play(len(self.asked))
        self.asked.append(asked)
        return behaviour.reply(self._honest(asked, behaviour), self._clock())

    def published(self, symbol: str) -> list[Traded]:
        """Return what is known of a symbol: today's bar from 17:30 on, a dime too high until 20:00."""
        now = self._clock().astimezone(EXCHANGE_ZONE)
        known = now.date() if now.time() >= PUBLISHED else now.date() - timedelta(days=1)
        bars = [bar for bar in self._market[symbol] if bar.day <= known]
        if bars and bars[-1].day == now.date() and now.time() < CORRECTED:
            bars[-1] = replace(bars[-1], close=bars[-1].close + 0.1, high=bars[-1].high + 0.1)
        return bars

    @abstractmethod
    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        """Answer as the vendor does."""


class FakeTiingo(FakeVendor):
    """Raw and adjusted prices, dividends and splits in each row."""

    name = "tiingo"
    close_key = "close"

    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        symbol = asked.path.split("/")[-2]
        if symbol not in self._market.keys() - behaviour.without:
            return said({"detail": f"Error: Ticker '{symbol}' not found"}, 404)
        bars, first = self.published(symbol), date.fromisoformat(asked.query["startDate"])
        rows = [
            {
                "date": f"{bar.day}T00:00:00.000Z",
                **{name: getattr(bar, name) for name in ("open", "high", "low", "close", "volume")},
                "adjClose": today.adj_close,
                "divCash": bar.dividend,
                "splitFactor": bar.split,
            }
            for bar, today in zip(bars, adjusted(bars), strict=True)
            if bar.day >= first
        ]
        return said(behaviour.rows(rows, self.close_key))


class FakeAlpaca(FakeVendor):
    """One adjustment of many symbols, in pages; unknown symbols are left out without a word."""

    name = "alpaca"
    close_key = "c"

    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        symbols = [
            each for each in asked.query["symbols"].split(",") if each in self._market.keys() - behaviour.without
        ]
        everything = [
            (symbol, row)
            for symbol in sorted(symbols)
            for row in behaviour.rows(self._rows(symbol, asked.query), self.close_key)
        ]
        start = int(asked.query.get("page_token", "0"))
        page = everything[start : start + PAGE]
        bars = {symbol: [row for owner, row in page if owner == symbol] for symbol in dict(page)}
        token = str(start + PAGE) if start + PAGE < len(everything) else None
        return said({"bars": bars, "next_page_token": token})

    def _rows(self, symbol: str, query: dict[str, str]) -> list[Row]:
        bars, first, last = self.published(symbol), date.fromisoformat(query["start"]), query["end"]
        rows = []
        for bar, today in zip(bars, adjusted(bars), strict=True):
            stamp = datetime.combine(bar.day, time(), EXCHANGE_ZONE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if bar.day < first or stamp > last:
                continue
            factor = today.adj_close / today.close if query["adjustment"] == "all" else 1.0
            source: Any = bar if query["adjustment"] == "raw" else today
            prices = {name[0]: round(getattr(source, name) * factor, 4) for name in ("open", "high", "low", "close")}
            rows.append({"t": stamp, **prices, "v": source.volume, "n": 1000, "vw": prices["c"]})
        return rows


class FakeYahoo(FakeVendor):
    """Columns beside timestamps of each open; dividends and splits as events."""

    name = "yahoo"
    close_key = "close"

    def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
        symbol = asked.path.split("/")[-1]
        if symbol not in self._market.keys() - behaviour.without:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return said({"chart": {"result": None, "error": error}}, 404)
        bars, first = self.published(symbol), int(asked.query["period1"])
        both = [(bar, today) for bar, today in zip(bars, adjusted(bars), strict=True) if _opening(bar.day) >= first]
        names = ("open", "high", "low", "close", "volume", "adj_close")
        rows = [{"at": _opening(bar.day)} | {name: getattr(today, name) for name in names} for bar, today in both]
        rows = behaviour.rows(rows, self.close_key)
        columns = {name: [row[name] for row in rows] for name in ("at", *names)}
        dividends = {str(_opening(bar.day)): today.dividend for bar, today in both if today.dividend}
        splits = {str(_opening(bar.day)): bar.split for bar, _ in both if bar.split != 1}
        chart = {
            "meta": {"currency": "USD", "symbol": symbol, "exchangeTimezoneName": "America/New_York"},
            "timestamp": columns.pop("at"),
            "events": {
                "dividends": {key: {"amount": amount, "date": int(key)} for key, amount in dividends.items()},
                "splits": {
                    key: {"date": int(key), "numerator": factor, "denominator": 1} for key, factor in splits.items()
                },
            },
            "indicators": {"adjclose": [{"adjclose": columns.pop("adj_close")}], "quote": [columns]},
        }
        return said({"chart": {"result": [chart], "error": None}})


def _opening(day: date) -> int:
    return int(datetime.combine(day, time(9, 30), EXCHANGE_ZONE).timestamp())


def said(what: object, status: int = 200, **headers: str) -> Reply:
    """Reply with JSON, or with a text as it is."""
    body = what if isinstance(what, str) else json.dumps(what)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body.encode(), status, {"Content-Type": "application/json", **named})


def always(reply: Reply) -> Behaviour:
    """Give the same reply to every request."""
    return Behaviour(reply=lambda _honest, _now: reply)


def middle(change: Callable[[Row, str], list[Row]]) -> Behaviour:
    """Replace the row in the middle."""

    def changed(rows: list[Row], close: str) -> list[Row]:
        half = len(rows) // 2
        return [*rows[:half], *change(rows[half], close), *rows[half + 1 :]]

    return Behaviour(rows=changed)


def _as_texts(rows: list[Row], _close: str) -> list[Row]:
    return [{key: str(cell) if isinstance(cell, float) else cell for key, cell in row.items()} for row in rows]


def _skewed(reply: Reply, now: datetime, **headers: str) -> Reply:
    """Reply with a Date header that is a day slow."""
    slow = format_datetime((now - timedelta(days=1)).astimezone(UTC), usegmt=True)
    return replace(reply, headers={**reply.headers, "Date": slow, **headers})


def _reset_in(seconds: int) -> Behaviour:
    """Refuse with an instant of reset, by a clock that is a day slow."""

    def refused(_honest: Reply, now: datetime) -> Reply:
        reset = int((now - timedelta(days=1)).timestamp()) + seconds
        reply = said({"message": "too many requests."}, TOO_MANY)
        return _skewed(reply, now, **{"X-RateLimit-Limit": "200", "X-RateLimit-Reset": str(reset)})

    return Behaviour(reply=refused)


def _retry_at(seconds: int) -> Behaviour:
    """Refuse with a date of another attempt, by a clock that is a day slow."""

    def refused(_honest: Reply, now: datetime) -> Reply:
        again = format_datetime((now - timedelta(days=1) + timedelta(seconds=seconds)).astimezone(UTC), usegmt=True)
        return _skewed(said("Too Many Requests", TOO_MANY), now, **{"Retry-After": again})

    return Behaviour(reply=refused)


def _with_token(token: Callable[[], str]) -> Behaviour:
    """Point to another page after each."""
    return Behaviour(
        reply=lambda honest, _now: replace(
            honest, body=json.dumps(json.loads(honest.body) | {"next_page_token": token()}).encode()
        )
    )


HTML = "<!DOCTYPE html><html><body>Before you continue, accept our terms</body></html>"
HOURLY = "Error: You have run over your hourly request allocation. Please upgrade at https://example.com/pricing"

BEHAVIOURS: dict[str, Behaviour] = {
    "honest": HONEST,
    # Notices in place of bars
    "prose_unknown": always(said("Get your apikey:\n\n1. Open the page\n2. Enter the captcha code.")),
    "prose_month_quota": always(said("You have run over your 500 symbol look up for this month. Please upgrade.")),
    "json_notice": always(said({"Error Message": "Limit Reach . Please upgrade your plan"})),
    "json_null": always(said(None)),
    "json_of_another_kind": always(said([[1, 2, 3]])),
    "results_absent": always(said({"status": "OK", "request_id": "1"})),
    "empty_body": always(said("")),
    "no_data_prose": always(said("No data")),
    "header_only": always(said("Date,Open,High,Low,Close,Volume\n")),
    "html": always(said(HTML)),
    "gzip_of_html": always(Reply(gzip.compress(HTML.encode()), headers={"Content-Encoding": "gzip"})),
    "gzip_unannounced": always(Reply(gzip.compress(HTML.encode()))),
    "gzip_broken": always(Reply(b"not gzip at all", headers={"Content-Encoding": "gzip"})),
    # Refusals
    "429_plain": always(said("Too Many Requests", TOO_MANY)),
    "429_hourly": always(said({"detail": HOURLY}, TOO_MANY)),
    "429_daily": always(said({"detail": "You exceeded your daily requests limit"}, TOO_MANY)),
    "429_retry_after": always(said("Too Many Requests", TOO_MANY, Retry_After="7200")),
    "429_retry_at": _retry_at(7200),
    "429_reset": _reset_in(7200),
    "429_lying_reset": always(said("Too Many Requests", TOO_MANY, Retry_After="9" * 30)),
    "402": always(said("You exceeded your daily API requests limit.", 402)),
    "401": always(said({"message": "Unauthenticated"}, 401)),
    "403_html": always(said(HTML, 403)),
    "404_html": always(said(HTML, 404)),
    "redirect": always(said("", 302, Location="https://example.com/login")),
    "500": always(said("Internal Server Error", 500)),
    "503_html": always(said(HTML, 503)),
    # The wire
    "truncated_json": Behaviour(reply=lambda honest, _now: replace(honest, body=honest.body[: len(honest.body) // 2])),
    "connection_cut": Behaviour(
        reply=lambda honest, _now: replace(honest, body=honest.body[: len(honest.body) // 2], missing=1000)
    ),
    "chunks_cut": Behaviour(
        reply=lambda honest, _now: replace(honest, body=honest.body[: len(honest.body) // 2], is_chunked=True)
    ),
    "slow_drip": Behaviour(reply=lambda honest, _now: replace(honest, drip=0.05)),
    "clock_skew": Behaviour(reply=_skewed),
    "token_repeats": _with_token(lambda: "0"),
    "tokens_never_end": _with_token(map("0".ljust, count(1), repeat("0")).__next__),
    # Symbols, rows and cells
    "silently_missing": Behaviour(without=frozenset({"QQQ"})),
    "no_rows": Behaviour(rows=lambda _rows, _close: []),
    "null_in_the_middle": middle(lambda row, close: [row | {close: None}]),
    "nan_in_the_middle": middle(lambda row, close: [row | {close: "nan"}]),
    "bare_nan": middle(lambda row, close: [row | {close: float("nan")}]),
    "absurd_number": middle(lambda row, close: [row | {close: True}]),
    "row_missing": middle(lambda _row, _close: []),
    "duplicate": middle(lambda row, _close: [row, row]),
    "contradictory_duplicate": middle(lambda row, close: [row, row | {close: row[close] + 1}]),
    "newest_first": Behaviour(rows=lambda rows, _close: rows[::-1]),
    "numbers_as_texts": Behaviour(rows=_as_texts),
    "a_tenth_missing": Behaviour(rows=lambda rows, _close: rows[: len(rows) // 3] + rows[len(rows) * 13 // 30 :]),
    "null_at_the_end": Behaviour(rows=lambda rows, close: [*rows[:-1], rows[-1] | {close: None}]),
    "old": Behaviour(rows=lambda rows, _close: rows[:-3]),
    "row_is_text": middle(lambda _row, _close: ["unexpected"]),  # type: ignore[list-item]
    "day_unreadable": middle(lambda row, _close: [row | dict.fromkeys(row.keys() & {"date", "t", "at"}, "yesterday")]),
}
"""By name; each was found in public code or reports about one vendor or another."""
