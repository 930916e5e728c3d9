"""A small market as it was traded, and the adjusted bars that every vendor must be read as; computed in plain loops."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date

from warehouse.calendar.sessions import sessions

FIRST, LAST = date(2023, 6, 1), date(2024, 12, 30)
EX_DAYS = (date(2023, 9, 15), date(2023, 12, 15), date(2024, 3, 15), date(2024, 6, 21), date(2024, 9, 20))
SPLIT_DAY = date(2024, 7, 15)
SPECIAL_DAY = date(2024, 12, 19)


@dataclass(frozen=True, slots=True)
class Traded:
    """A session as it was traded: prices in USD, dividend in cash a share, new shares for each old one that morning."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int
    dividend: float = 0.0
    split: float = 1.0


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The same session in today's shares."""

    day: date
    open: float
    high: float
    low: float
    close: float
    adj_close: float
    volume: float
    dividend: float


def traded(symbol: str, first: date = FIRST, last: date = LAST) -> list[Traded]:
    """Draw a symbol's history; the same name has the same prices.

    SPY pays quarterly, QQQ as well and splits two for one, TLT pays a quarter of its price at once.
    """
    chance = random.Random(symbol)  # noqa: S311 - a market, not a secret
    price = 100.0 + 50 * chance.random()
    bars: list[Traded] = []
    for day in sessions(first, last):
        dividend = 0.0
        if day in EX_DAYS and symbol in {"SPY", "QQQ"}:
            dividend = round(price * 0.004, 3)
        if day == SPECIAL_DAY and symbol == "TLT":
            dividend = round(price * 0.25, 2)
        split = 2.0 if day == SPLIT_DAY and symbol == "QQQ" else 1.0
        start = (price / split - dividend) * (1 + 0.004 * chance.uniform(-1, 1))
        price = start * (1 + 0.01 * chance.gauss(0, 1))
        top, bottom = max(start, price) * 1.003, min(start, price) * 0.997
        open_, high, low, price = (round(number, 2) for number in (start, top, bottom, price))
        bars.append(Traded(day, open_, high, low, price, chance.randrange(10**6, 10**8), dividend, split))
    return bars


def adjusted(bars: list[Traded]) -> list[Adjusted]:
    """Adjust a history backwards from its last session."""
    found: list[Adjusted] = []
    shares, factor, payout = 1.0, 1.0, 0.0
    for bar in reversed(bars):
        close = bar.close / shares
        factor *= 1 - payout / close  # what the day after paid, of this close
        prices = (bar.open / shares, bar.high / shares, bar.low / shares, close)
        payout = bar.dividend / shares
        found.append(Adjusted(bar.day, *prices, close * factor, bar.volume * shares, payout))
        shares *= bar.split
    return found[::-1]


def tampered(bars: list[Traded], day: date, by: float) -> list[Traded]:
    """Return the history with another close on one day, as a correction leaves it."""
    return [replace(bar, close=round(bar.close + by, 2)) if bar.day == day else bar for bar in bars]
