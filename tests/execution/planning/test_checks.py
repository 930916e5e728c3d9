"""Checks that stop a whole rebalance."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from situations import BEFORE, CLOSE, NOW, PRICES, SESSION, Case, bar, codes, judged_by, quote

from execution.models import TradingHistory
from execution.planning.checks import blocking, missing_bars
from execution.planning.plan import plan
from execution.refusals import RefusalCode
from warehouse.calendar.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from execution.planning.situation import Situation

SOUND = Case({"SPY": "0.5", "TLT": "0.45"}, {"GLD": "10"}).situation


def _price(symbol: str, **changes: object) -> Situation:
    prices = {**SOUND.prices, symbol: replace(SOUND.prices[symbol], **changes)}  # type: ignore[arg-type]
    return replace(SOUND, prices=prices)


def _weights(weights: dict[str, str]) -> Situation:
    targets = {symbol: Decimal(weight) for symbol, weight in weights.items()}
    return replace(SOUND, targets=replace(SOUND.targets, weights=targets))


def _seen(session: date) -> Situation:
    return replace(SOUND, targets=replace(SOUND.targets, session_date=session))


def _account(**changes: object) -> Situation:
    return replace(SOUND, account=replace(SOUND.account, **changes))  # type: ignore[arg-type]


def _without_price(symbol: str) -> Situation:
    return replace(SOUND, prices={name: price for name, price in SOUND.prices.items() if name != symbol})


BLOCKED: dict[str, tuple[RefusalCode, Situation]] = {
    "old targets": (RefusalCode.TARGETS_STALE, _seen(BEFORE)),
    "targets of the future": (RefusalCode.TARGETS_STALE, _seen(SESSION + timedelta(days=1))),
    "negative weight": (RefusalCode.TARGETS_IMPLAUSIBLE, _weights({"SPY": "-0.1"})),
    "weight above the cap": (RefusalCode.TARGETS_IMPLAUSIBLE, _weights({"SPY": "0.51"})),
    "weights above all there is": (
        RefusalCode.TARGETS_IMPLAUSIBLE,
        _weights({"SPY": "0.5", "TLT": "0.4", "QQQ": "0.2"}),
    ),
    "weight that is no number": (RefusalCode.TARGETS_IMPLAUSIBLE, _weights({"SPY": "NaN"})),
    "no price of what is wanted": (RefusalCode.PRICE_MISSING, _without_price("SPY")),
    "no price of what is held": (RefusalCode.PRICE_MISSING, _without_price("GLD")),
    "nothing to judge a price by": (
        RefusalCode.PRICE_MISSING,
        replace(SOUND, targets=replace(SOUND.targets, final_bars={})),
    ),
    "a close without volatility": (RefusalCode.PRICE_MISSING, judged_by(SOUND, bar("SPY", Decimal(580), "0"))),
    "a reference that is no price": (RefusalCode.PRICE_MISSING, judged_by(SOUND, bar("SPY", Decimal(0)))),
    "old price": (RefusalCode.PRICE_STALE, _price("SPY", as_of=NOW - timedelta(minutes=31))),
    "price to come": (RefusalCode.CLOCK_DISAGREES, _price("SPY", as_of=NOW + timedelta(minutes=2))),
    "price of nothing": (RefusalCode.PRICE_IMPLAUSIBLE, _price("SPY", amount=Decimal(0))),
    "price that is no number": (RefusalCode.PRICE_IMPLAUSIBLE, _price("GLD", amount=Decimal("NaN"))),
    "price in other money": (RefusalCode.PRICE_IMPLAUSIBLE, _price("SPY", currency="EUR")),
    "price that has halved alone": (RefusalCode.PRICE_IMPLAUSIBLE, _price("SPY", amount=Decimal(290))),
    "short position": (RefusalCode.POSITION_SHORT, _account(positions={"GLD": Decimal(-1)})),
    "nothing there": (
        RefusalCode.EQUITY_NOT_POSITIVE,
        _account(cash=Decimal(0), positions={}, net_liquidation=Decimal(0)),
    ),
    "cash that is no number": (RefusalCode.EQUITY_NOT_POSITIVE, _account(cash=Decimal("NaN"))),
    "more than the broker says": (RefusalCode.EQUITY_JUMP, _account(net_liquidation=Decimal(9000))),
    "more than the ledger remembers": (
        RefusalCode.EQUITY_JUMP,
        replace(SOUND, history=TradingHistory(previous_equity=Decimal(9000))),
    ),
    "less than the ledger remembers": (
        RefusalCode.EQUITY_JUMP,
        replace(SOUND, history=TradingHistory(previous_equity=Decimal(17000))),
    ),
    "last minute": (RefusalCode.SESSION_TOO_LATE, replace(SOUND, now=CLOSE - timedelta(minutes=1))),
    "closed": (RefusalCode.SESSION_CLOSED, replace(SOUND, now=CLOSE)),
}


@pytest.mark.parametrize(("code", "situation"), BLOCKED.values(), ids=BLOCKED)
def test_a_failed_check_stops_everything(code: RefusalCode, situation: Situation) -> None:
    """Whatever is not as it must be, no order is made, and the reason is said."""
    made = plan(situation)
    assert made.is_blocked
    assert made.orders == ()
    assert code in codes(made)


NOT_BLOCKED: dict[str, Callable[[], Situation]] = {
    "sound": lambda: SOUND,
    "all cash": lambda: _weights({}),
    "no price of another symbol": lambda: _without_price("BND"),
    "silly price of another symbol": lambda: _price("BND", amount=Decimal("NaN")),
    "noise of binary sums": lambda: _weights({"SPY": "0.5000000001", "TLT": "0.5"}),
    "delayed price within its age": lambda: _price("SPY", as_of=NOW - timedelta(minutes=30)),
    "clocks that differ a little": lambda: _price("SPY", as_of=NOW + timedelta(seconds=59)),
    "the account holds other things": lambda: _account(net_liquidation=Decimal(50000)),
    "just before the deadline": lambda: replace(SOUND, now=CLOSE - timedelta(seconds=61)),
}


@pytest.mark.parametrize("make", NOT_BLOCKED.values(), ids=NOT_BLOCKED)
def test_what_does_not_matter_stops_nothing(make: Callable[[], Situation]) -> None:
    """Checks leave alone what is sound, and what is neither held nor wanted."""
    assert blocking(make()) == []


def _market(sigmas: dict[str, str]) -> Situation:
    """All symbols have closed at 100 with 1 % of volatility, and have moved by so many sigmas."""
    prices = {symbol: quote(symbol, 100 + Decimal(sigmas.get(symbol, "0"))) for symbol in PRICES}
    bars = [bar(symbol, Decimal(100)) for symbol in PRICES]
    return replace(judged_by(Case({"SPY": "0.5"}).situation, *bars), prices=prices)


@pytest.mark.parametrize(
    ("own", "others", "is_doubted"),
    [
        ("-11", "0", False),
        ("-13", "0", True),
        ("13", "0", True),
        ("-20", "-10", False),  # a crash
        ("-20", "5", True),
        ("-11", "5", False),  # peers excuse, they do not accuse
        ("-50", "-50", True),  # a feed that is wrong as a whole
    ],
)
def test_a_move_is_judged_by_the_own_volatility_and_by_the_peers(own: str, others: str, *, is_doubted: bool) -> None:
    """A move beyond 12 sigmas is doubted unless the others moved that way too, and then not beyond another 12."""
    situation = _market(dict.fromkeys(PRICES, others) | {"SPY": own})
    assert plan(situation).is_blocked == is_doubted


def test_few_peers_explain_nothing() -> None:
    """Two other symbols that fall alike are no market."""
    situation = _market(dict.fromkeys(PRICES, "-13"))
    few = {symbol: situation.prices[symbol] for symbol in ("SPY", "QQQ", "TLT")}
    assert RefusalCode.PRICE_IMPLAUSIBLE in codes(plan(replace(situation, prices=few)))


def test_a_calm_symbol_may_pay_its_distribution() -> None:
    """A fund that hardly moves is not doubted for the 0.5 % that it falls when it pays out."""
    situation = _market({"SPY": "-0.5"})
    assert not plan(judged_by(situation, bar("SPY", Decimal(100), "0.0002"))).is_blocked


def test_a_longer_gap_allows_a_longer_move() -> None:
    """A reference of two weeks ago is judged by the volatility of ten sessions."""
    situation = _market({"SPY": "-20"})
    old = bar("SPY", Decimal(100), session_date=SESSION - timedelta(days=14))
    assert plan(situation).is_blocked
    assert not plan(judged_by(situation, old)).is_blocked


def test_a_weekend_is_no_gap() -> None:
    """From a Friday to the next Wednesday prices had three days to move."""
    friday = bar("SPY", Decimal(100), session_date=SESSION - timedelta(days=5))
    made = plan(judged_by(_market({"SPY": "-40"}), friday))
    (doubt,) = (each for each in made.refusals if each.code is RefusalCode.PRICE_IMPLAUSIBLE)
    assert doubt.numbers["sigmas"] == f"{-40 / math.sqrt(3):.2f}"


@pytest.mark.parametrize("missed", range(8))
def test_a_symbol_that_breaks_off_is_doubted_until_it_counts_as_delisted(missed: int) -> None:
    """One to four sessions without a bar may be a gap in the data, and the targets would sell it unseen."""
    due = SESSION
    newest = sessions(SESSION - timedelta(days=30), due)[-1 - missed]
    situation = replace(SOUND, targets=replace(SOUND.targets, bars={"SPY": bar("SPY", Decimal(580), "0.01", newest)}))
    assert situation.due_date == due
    assert [each.symbol for each in missing_bars(situation)] == ["SPY"] * (0 < missed < 5)


def test_real_crashes_are_believed(real_bars: pd.DataFrame) -> None:
    """In 20 years of 71 ETFs one move is doubted, LQD's on the day after Lehman; none of the famous crashes is."""
    bars = real_bars.sort_values(["symbol", "session_date"])
    symbols = bars["symbol"]
    before = bars.groupby("symbol").shift()
    returns = bars.groupby("symbol")["adj_close"].pct_change()
    volatility = returns.groupby(symbols).rolling(20).std().droplevel(0).groupby(symbols).shift()
    bars = bars.assign(last_close=before["close"], last_session=before["session_date"], volatility=volatility).dropna()
    wild = (bars["close"] / bars["last_close"] - 1).abs() > 12 * bars["volatility"].clip(lower=0.0025)
    doubted = set()
    for day, market in bars.groupby("session_date"):
        if wild[market.index].any():
            situation = _day(market)
            doubted |= {
                (each.symbol, day) for each in blocking(situation) if each.code is RefusalCode.PRICE_IMPLAUSIBLE
            }
    assert {date(2020, 3, 9)} & set(bars.loc[wild, "session_date"])
    assert doubted == {("LQD", date(2008, 9, 16))}


def _day(market: pd.DataFrame) -> Situation:
    rows = {str(row["symbol"]): row for row in market.to_dict("records")}
    situation = Case(dict.fromkeys(rows, "0.001"), prices={}).situation
    bars = [
        bar(symbol, Decimal(str(row["last_close"])), str(row["volatility"]), row["last_session"])
        for symbol, row in rows.items()
    ]
    return replace(
        judged_by(situation, *bars),
        ours=frozenset(rows),
        window=replace(situation.window, session_date=next(iter(rows.values()))["session_date"]),
        prices={symbol: quote(symbol, Decimal(str(row["close"]))) for symbol, row in rows.items()},
    )
