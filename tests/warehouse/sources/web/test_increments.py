"""Increments, provisional bars and what each vendor is asked for; in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asking_vendors import ACCESS, EVENING, MARKET, VENDORS, assert_is_market, source_of
from fake_vendors import BEHAVIOURS, HONEST, Behaviour, FakeAlpaca, FakeTiingo, FakeVendor, Reply, VendorRequest, said
from vendor_market import EX_DAYS, LAST, SPECIAL_DAY, SPLIT_DAY, tampered
from vendor_server import VendorTransport
from virtual_time import VirtualTime

from warehouse.calendar.sessions import EXCHANGE_ZONE, previous_session
from warehouse.sources.base import CorporateAction, StatedAction
from warehouse.sources.failover import Failover, SymbolOutcome, WantedBars, by_source
from warehouse.sources.faults import FaultKind
from warehouse.sources.web.tiingo import Tiingo

if TYPE_CHECKING:
    from vendor_market import Traded

SINCE = date(2024, 10, 1)
"""After every ex-day of SPY and the split of QQQ."""
BEFORE_TODAY = previous_session(LAST)


@dataclass(frozen=True, slots=True)
class Stage:
    """When a vendor is asked, and what was traded until then."""

    now: datetime = EVENING
    market: dict[str, list[Traded]] = field(default_factory=lambda: MARKET)


STAGE = Stage()
Play = Callable[[int], Behaviour]


def honestly(_number: int) -> Behaviour:
    """Answer every request as it should be."""
    return HONEST


def fetched(
    vendor: str, wanted: WantedBars, play: Play = honestly, stage: Stage = STAGE
) -> tuple[list[SymbolOutcome], FakeVendor]:
    """Fetch from one vendor; return the outcomes and the vendor, which knows what it was asked."""
    time_ = VirtualTime(stage.now)
    fake = VENDORS[vendor](stage.market, time_.now, play)

    async def run() -> list[SymbolOutcome]:
        source = source_of(vendor, replace(ACCESS[vendor], clock=time_.now, transport=VendorTransport(fake)))
        return await Failover([source]).outcomes(wanted)

    return time_.run(run()), fake


def held(vendor: str, symbol: str, since: date, until: date = LAST) -> WantedBars:
    """Ask for what is new since a session."""
    return WantedBars((symbol,), until, {(vendor, symbol): since})


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time of the market's last session in New York."""
    return datetime.combine(LAST, time(hour, minute), EXCHANGE_ZONE)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("symbol", ["SPY", "QQQ"])
def test_an_increment_continues_what_is_held(vendor: str, symbol: str) -> None:
    """Without a split or dividend since then only the new bars come, and the held one to compare them with."""
    ((outcome,), fake) = fetched(vendor, held(vendor, symbol, SINCE))
    assert outcome.answer
    assert not outcome.answer.is_whole
    assert outcome.answer.adjusted_through == LAST
    assert_is_market(outcome.answer.bars, [bar for bar in MARKET[symbol] if bar.day >= SINCE])
    assert len(fake.asked) == (2 if vendor == "alpaca" else 1)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("symbol", "day"),
    [("SPY", EX_DAYS[-1]), ("QQQ", SPLIT_DAY), ("TLT", SPECIAL_DAY)],
    ids=["paid", "split", "special"],
)
def test_a_split_or_dividend_since_then_brings_the_whole_history(vendor: str, symbol: str, day: date) -> None:
    """Held bars have another base then: all come again. An action on the day of the held bar is in it already."""
    since = previous_session(day)
    market = {symbol: [replace(bar, dividend=0.0) if bar.day > day else bar for bar in MARKET[symbol]]}
    ((outcome,), _) = fetched(vendor, held(vendor, symbol, since), stage=Stage(market=market))
    assert outcome.answer
    assert outcome.answer.is_whole
    assert_is_market(outcome.answer.bars, market[symbol])
    ((outcome,), _) = fetched(vendor, held(vendor, symbol, day), stage=Stage(market=market))
    assert outcome.answer
    assert not outcome.answer.is_whole


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_increment_without_the_bar_held_is_no_increment(vendor: str) -> None:
    """Where the vendor has no bar of the session held, nothing could be compared: the whole history comes."""
    market = {"SPY": [bar for bar in MARKET["SPY"] if bar.day != SINCE]}
    ((outcome,), _) = fetched(vendor, held(vendor, "SPY", SINCE), stage=Stage(market=market))
    assert outcome.answer
    assert outcome.answer.is_whole
    assert outcome.gaps == (SINCE,)


@pytest.mark.parametrize("vendor", VENDORS)
def test_bars_that_end_earlier_are_adjusted_for_what_came_later(vendor: str) -> None:
    """Later bars are left out, and the base is told: the newest session that the vendor knew."""
    ((outcome,), _) = fetched(vendor, WantedBars(("QQQ",), date(2024, 7, 1)))
    assert outcome.is_fresh
    assert outcome.answer
    days = outcome.answer.bars["session_date"].to_pylist()
    assert days[-1] == date(2024, 7, 1)
    assert outcome.answer.adjusted_through == LAST
    raw = MARKET["QQQ"][len(days) - 1].close
    assert outcome.answer.bars["close"][-1].as_py() == pytest.approx(raw / 2, abs=1e-4)


@pytest.mark.parametrize("vendor", VENDORS)
def test_today_s_bar_is_absent_provisional_and_final_in_turn(vendor: str) -> None:
    """At 17:00 it is missing and the bars are stale; at 18:00 it may change; after 20:00 it is corrected and final."""
    ((early,), _) = fetched(vendor, WantedBars(("SPY",), LAST), stage=Stage(at(17)))
    assert early.faults[vendor].kind is FaultKind.STALE
    assert early.answer
    assert early.answer.adjusted_through == BEFORE_TODAY
    ((outcome,), _) = fetched(vendor, WantedBars(("SPY",), BEFORE_TODAY), stage=Stage(at(17)))
    assert outcome.is_fresh
    ((later,), _) = fetched(vendor, held(vendor, "SPY", SINCE), stage=Stage(at(18)))
    ((last,), _) = fetched(vendor, held(vendor, "SPY", SINCE), stage=Stage(at(20, 16)))
    assert later.answer
    assert last.answer
    assert later.answer.bars["is_final"].to_pylist()[-2:] == [True, False]
    assert last.answer.bars["is_final"].to_pylist()[-2:] == [True, True]
    assert_is_market(later.answer.bars, [b for b in tampered(MARKET["SPY"], LAST, 0.1) if b.day >= SINCE])
    assert_is_market(last.answer.bars, [b for b in MARKET["SPY"] if b.day >= SINCE])


@pytest.mark.parametrize(("vendor", "expected"), [("tiingo", 2.0), ("yahoo", 2.0), ("alpaca", None)])
def test_stated_splits_come_beside_the_bars(vendor: str, expected: float | None) -> None:
    """Day and ratio as the vendor states them, ready to be landed; Alpaca's bars state none."""
    outcomes, _ = fetched(vendor, WantedBars(("QQQ",), LAST))
    (bars,) = by_source(outcomes)
    split = StatedAction("QQQ", SPLIT_DAY, CorporateAction.SPLIT, ratio=expected)
    assert list(bars.actions) == ([split] if expected else [])
    assert set(bars.split_spans) == ({"QQQ"} if expected else set())


def test_a_bar_that_is_not_wanted_yet_is_dropped() -> None:
    """Today's provisional bar is left out where yesterday's is the last one asked for."""
    ((outcome,), _) = fetched("tiingo", WantedBars(("SPY",), BEFORE_TODAY), stage=Stage(at(18)))
    assert outcome.answer
    assert outcome.answer.bars["session_date"][-1].as_py() == BEFORE_TODAY


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_bar_of_the_future_is_malformed(vendor: str) -> None:
    """A vendor that knows tomorrow is not believed about today."""

    def dated_on(rows: list[dict[str, Any]], _close: str) -> list[dict[str, Any]]:
        tomorrow = LAST + timedelta(days=1)
        noon = int(datetime.combine(tomorrow, time(12), EXCHANGE_ZONE).timestamp())
        stamps = {"date": f"{tomorrow}T00:00:00.000Z", "t": f"{tomorrow}T05:00:00Z", "at": noon}
        return [*rows, rows[-1] | {key: stamp for key, stamp in stamps.items() if key in rows[-1]}]

    ((outcome,), _) = fetched(vendor, WantedBars(("SPY",), LAST), play=lambda _: Behaviour(rows=dated_on))
    assert outcome.faults[vendor].kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    "stamp", ["2024-12-27T00:00:00Z", "2024-12-27T04:00:00Z", "2024-12-27T14:30:00Z", "2024-12-27"]
)
def test_alpaca_s_days_are_midnights_of_new_york(stamp: str) -> None:
    """Any other instant may be another session's or a part of one: the answer is not understood."""
    edit = Behaviour(rows=lambda rows, _close: [*rows[:-1], rows[-1] | {"t": stamp}])
    ((outcome,), _) = fetched("alpaca", WantedBars(("SPY",), LAST), play=lambda _: edit)
    assert outcome.faults["alpaca"].kind is FaultKind.MALFORMED


def test_alpaca_is_asked_for_all_symbols_at_once() -> None:
    """Three histories are two questions, one for each adjustment, however many pages they take."""
    (_, fake) = fetched("alpaca", WantedBars(tuple(MARKET), LAST))
    first_pages = [asked.query for asked in fake.asked if "page_token" not in asked.query]
    assert sorted(query["adjustment"] for query in first_pages) == ["all", "split"]
    assert {query["symbols"] for query in first_pages} == {"SPY,QQQ,TLT"}
    assert {query["feed"] for query in first_pages} == {"sip"}
    assert {query["end"] for query in first_pages} == {"2024-12-31T01:44:00Z"}  # 16 minutes ago, as the free plan wants


def test_alpaca_s_invalid_symbol_costs_no_other_its_bars() -> None:
    """A batch that is refused for one of its symbols is halved until the others have their bars."""

    class Strict(FakeAlpaca):
        def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
            if "^BAD" in asked.query["symbols"]:
                return said({"message": "invalid symbol: ^BAD"}, 422)
            return super()._honest(asked, behaviour)

    async def run() -> list[SymbolOutcome]:
        transport = VendorTransport(Strict(MARKET, time_.now))
        source = source_of("alpaca", replace(ACCESS["alpaca"], clock=time_.now, transport=transport))
        return await Failover([source]).outcomes(WantedBars(("SPY", "^BAD", "QQQ", "TLT"), LAST))

    time_ = VirtualTime(EVENING)
    outcomes = {outcome.symbol: outcome for outcome in time_.run(run())}
    assert outcomes["^BAD"].faults["alpaca"].kind is FaultKind.NOT_FOUND
    assert all(outcomes[symbol].is_fresh for symbol in MARKET)


def test_alpaca_s_two_series_must_end_alike() -> None:
    """A correction between the two questions would join one price to another's adjustment."""
    edit = Behaviour(rows=lambda rows, close: [*rows[:-1], rows[-1] | {close: rows[-1][close] - 0.01}])
    ((outcome,), _) = fetched("alpaca", WantedBars(("SPY",), LAST), play=lambda number: (HONEST, edit)[number % 2])
    assert outcome.faults["alpaca"].kind is FaultKind.MALFORMED


def test_alpaca_s_strangers_are_malformed() -> None:
    """Bars of a symbol that was not asked for make the whole page doubtful."""

    def renamed(reply: Reply, _now: datetime) -> Reply:
        body = json.loads(reply.body)
        return replace(reply, body=json.dumps(body | {"bars": {"XYZ": body["bars"]["SPY"]}}).encode())

    ((outcome,), _) = fetched("alpaca", WantedBars(("SPY",), LAST), play=lambda _: Behaviour(reply=renamed))
    assert outcome.faults["alpaca"].kind is FaultKind.MALFORMED


@pytest.mark.parametrize("factor", [None, 0, -2, "nan", "x", float("inf")])
def test_tiingo_s_history_stands_or_falls_with_its_split_factors(factor: object) -> None:
    """One that cannot be read would leave all earlier prices in another base."""
    edit = Behaviour(rows=lambda rows, _close: [*rows[:-1], rows[-1] | {"splitFactor": factor}])
    ((outcome,), _) = fetched("tiingo", WantedBars(("QQQ",), LAST), play=lambda _: edit)
    assert outcome.faults["tiingo"].kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"detail": "Invalid token."}, FaultKind.AUTH),
        (403, {"detail": "You do not have permission to access this."}, FaultKind.ENTITLEMENT),
        (404, {"detail": "Error: Ticker 'XXX' not found"}, FaultKind.NOT_FOUND),
        (200, "You have run over your hourly request allocation.", FaultKind.QUOTA),
        (200, {"detail": "Error: something new"}, FaultKind.MALFORMED),
    ],
)
def test_tiingo_s_notices(status: int, body: object, kind: FaultKind) -> None:
    """Each notice that is known means what it says; another one is not understood."""
    ((outcome,), _) = fetched("tiingo", WantedBars(("SPY",), LAST), play=lambda _: _saying(status, body))
    assert outcome.faults["tiingo"].kind is kind


def test_tiingo_s_month_ends_by_distinct_symbols() -> None:
    """The symbols of the month's allowance have their bars; the others are told when the next month begins."""

    class Metered(FakeTiingo):
        def _honest(self, asked: VendorRequest, behaviour: Behaviour) -> Reply:
            if len({request.path for request in self.asked}) > 2:
                return said("You have run over your 500 symbol look up for this month. Please upgrade.")
            return super()._honest(asked, behaviour)

    async def run() -> list[SymbolOutcome]:
        transport = VendorTransport(Metered(MARKET, time_.now))
        source = source_of("tiingo", replace(ACCESS["tiingo"], clock=time_.now, transport=transport))
        return await Failover([source]).outcomes(WantedBars(tuple(MARKET), LAST))

    time_ = VirtualTime(EVENING)
    outcomes = time_.run(run())
    assert [outcome.is_fresh for outcome in outcomes] == [True, True, False]
    assert outcomes[2].faults["tiingo"].kind is FaultKind.QUOTA
    assert outcomes[2].faults["tiingo"].resets_at == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"message": "forbidden."}, FaultKind.AUTH),
        (403, {"message": "subscription does not permit querying recent SIP data"}, FaultKind.ENTITLEMENT),
        (400, {"message": "something new"}, FaultKind.MALFORMED),
    ],
)
def test_alpaca_s_notices(status: int, body: object, kind: FaultKind) -> None:
    """Each notice that is known means what it says; another one is not understood."""
    ((outcome,), _) = fetched("alpaca", WantedBars(("SPY",), LAST), play=lambda _: _saying(status, body))
    assert outcome.faults["alpaca"].kind is kind


def test_alpaca_s_minute_is_waited_for() -> None:
    """A limit by the minute that names no reset is waited for until the next one."""
    ((outcome,), _) = fetched(
        "alpaca", WantedBars(("SPY",), LAST), play=lambda number: BEHAVIOURS["429_plain"] if number < 2 else HONEST
    )
    assert outcome.is_fresh


@pytest.mark.parametrize(("vendor", "theirs"), [("tiingo", "BRK-B"), ("alpaca", "BRK.B"), ("yahoo", "BRK-B")])
@pytest.mark.parametrize("ours", ["BRK.B", "BRK-B"])
def test_class_shares_are_asked_for_as_the_vendor_writes_them(vendor: str, theirs: str, ours: str) -> None:
    """The answer carries the symbol as the configuration writes it."""
    ((outcome,), _) = fetched(vendor, WantedBars((ours,), LAST), stage=Stage(market={theirs: MARKET["SPY"]}))
    assert outcome.answer
    assert set(outcome.answer.bars["symbol"].to_pylist()) == {ours}


def test_yahoo_s_other_currencies_are_malformed() -> None:
    """Prices in another currency, or of another symbol, are not those that were asked for."""

    def in_pounds(reply: Reply, _now: datetime) -> Reply:
        return replace(reply, body=reply.body.replace(b'"USD"', b'"GBp"'))

    ((outcome,), _) = fetched("yahoo", WantedBars(("SPY",), LAST), play=lambda _: Behaviour(reply=in_pounds))
    assert outcome.faults["yahoo"].kind is FaultKind.MALFORMED


def test_without_a_key_nothing_is_asked() -> None:
    """The fault names the variable that is missing."""
    (outcome,) = Failover([Tiingo(None)]).fetch(WantedBars(("SPY",), LAST))
    assert outcome.faults["tiingo"].kind is FaultKind.AUTH
    assert "TIINGO_API_KEY" in outcome.faults["tiingo"].reason


def _saying(status: int, body: object) -> Behaviour:
    return Behaviour(reply=lambda _honest, _now: said(body, status))
