"""Fetching into a lake from vendors that misbehave: what lands, what is named, and that no series has two bases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest
from asking_vendors import ACCESS, EVENING, VENDORS, assert_is_market, source_of
from fake_vendors import BEHAVIOURS, Behaviour
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vendor_market import LAST, SPECIAL_DAY, Traded, traded
from vendor_server import VendorTransport
from virtual_time import VirtualTime

from warehouse.calendar.sessions import EXCHANGE_ZONE, previous_session, sessions
from warehouse.errors import SourceError
from warehouse.fetching import Fetched, FetchPlan, ask, failures_told, land
from warehouse.lake import scratch
from warehouse.sources.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from warehouse.sources.failover import SymbolOutcome
    from warehouse.sources.web.source import WebSource

MARKET = {symbol: traded(symbol, first=date(2024, 7, 1)) for symbol in ("SPY", "QQQ", "TLT")}
EARLIER = datetime.combine(previous_session(SPECIAL_DAY), time(21), EXCHANGE_ZONE)
"""The evening before TLT pays a quarter of its price."""
SLOWEST = 45.0
PATIENCE = 200.0

Play = Callable[[int], Behaviour]
Schedule = tuple[tuple[str, float], ...]
"""A behaviour and the seconds it takes, for each request in turn; the last one goes on for ever."""


@dataclass(slots=True)
class Desk:
    """A lake in memory, and the vendors that it is filled from.

    Attributes:
        asked: The queries that each vendor got in the last fetch.
    """

    connection: duckdb.DuckDBPyConnection
    market: dict[str, list[Traded]] = field(default_factory=lambda: MARKET)
    asked: dict[str, int] = field(default_factory=dict)
    outcomes: list[SymbolOutcome] = field(default_factory=list)

    def fetch(self, now: datetime, schedules: Mapping[str, Schedule], *, asks_all: bool = False) -> Fetched:
        """Fetch the market from vendors that follow their schedules, in the order of these."""
        clock = VirtualTime(now)
        vendors = {}

        def source(name: str, steps: Schedule) -> WebSource:
            plays = [BEHAVIOURS[behaviour] for behaviour, _ in steps]
            vendors[name] = VENDORS[name](self.market, clock.now, lambda number: plays[min(number, len(plays) - 1)])
            transport = VendorTransport(vendors[name], [seconds for _, seconds in steps])
            return source_of(name, replace(ACCESS[name], clock=clock.now, transport=transport))

        async def everything() -> list[SymbolOutcome]:
            sources = [source(name, steps) for name, steps in schedules.items()]
            return await ask(self.connection, sources, plan)

        plan = FetchPlan(tuple(self.market), now, PATIENCE, asks_all)
        self.outcomes = clock.run(everything())
        self.asked = {name: len(vendor.asked) for name, vendor in vendors.items()}
        return land(self.connection, self.outcomes, plan, list(schedules))

    def series(self, source: str, symbol: str) -> pa.Table:
        """Read what the lake holds of a symbol from one source."""
        rows = self.connection.execute(
            "FROM landing.bar_versions WHERE source = ? AND symbol = ? "
            "QUALIFY row_number() OVER (PARTITION BY session_date ORDER BY batch_id DESC) = 1 ORDER BY session_date",
            [source, symbol],
        )
        return rows.to_arrow_table()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the lake."""
        return self.connection.execute(sql).fetchall()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Open an empty lake in memory."""
    with scratch() as connection:
        yield Desk(connection)


def always(behaviour: str) -> Schedule:
    """Behave the same way for ever."""
    return ((behaviour, 0.1),)


HONESTLY = always("honest")


def kinds(fetched: Fetched) -> dict[tuple[str, str], FaultKind | None]:
    """Return the fault of each symbol at each source that was asked."""
    return {(each.symbol, each.source): each.fault.kind if each.fault else None for each in fetched.coverage}


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_new_is_appended_and_the_same_again_adds_nothing(desk: Desk, vendor: str) -> None:
    """The second evening asks for few bars and lands the new sessions; the third time there is nothing new."""
    now = datetime.combine(previous_session(LAST), time(21), EXCHANGE_ZONE)
    first = desk.fetch(now, {vendor: HONESTLY})
    assert first.total.new == 3 * len(sessions(date(2024, 7, 1), now.date()))
    second = desk.fetch(EVENING, {vendor: HONESTLY})
    assert (second.total.new, second.total.changed, second.total.read) == (3, 0, 12)
    assert not second.failures
    assert not second.notes
    third = desk.fetch(EVENING, {vendor: HONESTLY})
    assert (third.total.new, third.total.changed, third.total.quarantined) == (0, 0, 0)
    for symbol, bars in MARKET.items():
        assert_is_market(desk.series(vendor, symbol), bars)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_payout_re_bases_the_whole_series(desk: Desk, vendor: str) -> None:
    """After TLT's special dividend all its earlier bars are new versions, and the other symbols' are left alone."""
    desk.fetch(EARLIER, {vendor: HONESTLY})
    fetched = desk.fetch(EVENING, {vendor: HONESTLY})
    before = len(sessions(date(2024, 7, 1), EARLIER.date()))
    assert fetched.total.changed == before
    for symbol, bars in MARKET.items():
        assert_is_market(desk.series(vendor, symbol), bars)


def test_a_correction_of_one_session_is_no_new_base(desk: Desk) -> None:
    """A close that the vendor corrects lands as a new version of its bar, without the whole history."""
    now = datetime.combine(LAST, time(18), EXCHANGE_ZONE)
    desk.fetch(now, {"tiingo": HONESTLY})
    fetched = desk.fetch(EVENING, {"tiingo": HONESTLY})
    assert (fetched.total.changed, fetched.total.new, desk.asked["tiingo"]) == (3, 0, 3)
    assert_is_market(desk.series("tiingo", "SPY"), MARKET["SPY"])


def test_bars_that_a_silent_vendor_re_based_come_again_as_a_whole(desk: Desk) -> None:
    """A vendor that halves every price and says no word of a split is asked for the whole history."""
    desk.fetch(EARLIER, {"yahoo": HONESTLY})
    desk.market = {
        symbol: [
            replace(bar, **{name: getattr(bar, name) / 2 for name in ("open", "high", "low", "close")}) for bar in bars
        ]
        for symbol, bars in MARKET.items()
        if symbol == "SPY"
    }
    fetched = desk.fetch(EVENING, {"yahoo": HONESTLY})
    assert not fetched.failures
    assert desk.asked["yahoo"] == 2
    assert_is_market(desk.series("yahoo", "SPY"), desk.market["SPY"])


def test_what_does_not_fit_is_quarantined_and_the_next_source_answers(desk: Desk) -> None:
    """A re-based history that begins after the first bars held would leave two bases: it is set aside, with why."""
    desk.fetch(EARLIER, {"tiingo": HONESTLY})
    held = desk.series("tiingo", "TLT")
    desk.market = {"TLT": MARKET["TLT"][20:]}
    fetched = desk.fetch(EVENING, {"tiingo": HONESTLY, "alpaca": HONESTLY})
    assert kinds(fetched) == {("TLT", "tiingo"): FaultKind.MALFORMED, ("TLT", "alpaca"): None}
    assert desk.series("tiingo", "TLT") == held
    assert_is_market(desk.series("alpaca", "TLT"), desk.market["TLT"])
    (reason,) = {reason for (reason,) in desk.query("SELECT reason FROM quarantined_bars WHERE code = 'OTHER_BASE'")}
    assert "land its whole history, from 2024-07-01 on" in reason
    new = len(sessions(SPECIAL_DAY, LAST))
    assert desk.query("SELECT count(*) FROM quarantined_bars") == [(new,)]
    desk.fetch(EVENING, {"tiingo": HONESTLY, "alpaca": HONESTLY})
    assert desk.query("SELECT count(*) FROM quarantined_bars") == [(new,)]


def test_the_rest_lands_and_what_failed_is_named(desk: Desk) -> None:
    """A symbol that no source knows has each one's fault with its remedy; the others have their bars."""
    fetched = desk.fetch(EVENING, {"tiingo": always("silently_missing"), "alpaca": always("silently_missing")})
    assert {symbol: len(reasons) for symbol, reasons in fetched.failures.items()} == {"QQQ": 2}
    told = failures_told(fetched.failures)
    assert told.startswith("Nothing came of 1 symbol.\nQQQ:\n  tiingo not_found: ")
    assert FaultKind.NOT_FOUND.remedy in told
    assert {each.symbol for each in fetched.coverage if each.is_taken} == {"SPY", "TLT"}


def test_a_quota_is_told_with_its_reset_and_passed_over(desk: Desk) -> None:
    """What the first source's plan does not allow any more comes from the second one."""
    fetched = desk.fetch(EVENING, {"tiingo": always("429_hourly"), "alpaca": HONESTLY})
    assert not fetched.failures
    quota = [each.fault for each in fetched.coverage if each.source == "tiingo"]
    assert all(fault and fault.kind is FaultKind.QUOTA and fault.resets_at for fault in quota)
    assert desk.query("SELECT DISTINCT source FROM landing.bar_versions") == [("alpaca",)]


def test_nothing_at_all_is_an_error_and_lands_nothing(desk: Desk) -> None:
    """Where every source fails for every symbol the reasons are the message."""
    with pytest.raises(SourceError, match=r"Nothing came of 3 symbols\.\nQQQ, SPY, TLT:|SPY, QQQ, TLT:") as caught:
        desk.fetch(EVENING, {"tiingo": always("401"), "alpaca": always("html")})
    assert "tiingo auth" in str(caught.value)
    assert "alpaca malformed" in str(caught.value)
    assert desk.query("SELECT count(*) FROM landing.bar_versions") == [(0,)]


def test_all_sources_can_be_asked_to_be_compared(desk: Desk) -> None:
    """Each source's bars land under its name; one that fails is named, and is no failure of the symbol."""
    fetched = desk.fetch(EVENING, {"tiingo": HONESTLY, "alpaca": always("500"), "yahoo": always("old")}, asks_all=True)
    assert not fetched.failures
    faults = {"tiingo": None, "alpaca": FaultKind.TRANSIENT, "yahoo": FaultKind.STALE}
    assert kinds(fetched) == {(symbol, source): fault for symbol in MARKET for source, fault in faults.items()}
    assert {(each.source, each.newest == LAST, each.bars > 0) for each in fetched.coverage} == {
        ("tiingo", True, True), ("alpaca", False, False), ("yahoo", False, True)
    }  # fmt: skip
    assert "yahoo stale" in fetched.notes["SPY"][0]
    # The first source lands last, so that its bars count where others have the session too.
    newest = "SELECT source FROM landing.bar_versions ORDER BY batch_id DESC LIMIT 1"
    assert desk.query(newest) == [("tiingo",)]


NEEDS_ROWS, NEEDS_PAGES = {"row_is_text": "yahoo"}, {"token_repeats", "tokens_never_end"}


def schedules(vendor: str) -> st.SearchStrategy[Schedule]:
    """Draw what a vendor does."""
    odd = [
        name
        for name in sorted(BEHAVIOURS.keys() - {"honest"})
        if NEEDS_ROWS.get(name) != vendor and (vendor == "alpaca" or name not in NEEDS_PAGES)
    ]
    behaviour = st.one_of(st.just("honest"), st.sampled_from(odd))
    seconds = st.one_of(st.just(0.1), st.floats(0.1, SLOWEST))
    return st.lists(st.tuples(behaviour, seconds), min_size=1, max_size=6).map(tuple)


Evening = dict[str, Schedule]
EVENINGS = st.fixed_dictionaries({vendor: schedules(vendor) for vendor in ("tiingo", "alpaca")})


@settings(max_examples=60, deadline=None)
@given(first=EVENINGS, second=EVENINGS, asks_all=st.booleans())
@example(
    first={"tiingo": HONESTLY, "alpaca": HONESTLY},
    second={"tiingo": always("row_missing"), "alpaca": HONESTLY},
    asks_all=False,
)
def test_never_a_wrong_bar_and_never_a_silent_gap_in_the_lake(
    first: Evening, second: Evening, *, asks_all: bool
) -> None:
    """Two evenings with a payout between them: every series of the lake is the market's on one base, gaps named."""
    with scratch(1) as connection:
        desk, gaps, nothing = Desk(connection), set(), True
        for now, schedule in ((EARLIER, first), (EVENING, second)):
            try:
                fetched = desk.fetch(now, schedule, asks_all=asks_all)
            except SourceError:
                assert not any(outcome.answer for outcome in desk.outcomes)
                continue
            nothing = False
            gaps |= {(it.answer.source, it.symbol, day) for it in desk.outcomes if it.answer for day in it.gaps}
            assert fetched.failures.keys() == MARKET.keys() - {it.symbol for it in desk.outcomes if it.answer}
            honest = [name for name, steps in schedule.items() if set(steps) == set(HONESTLY)]
            if honest and not asks_all:
                assert not fetched.failures
                assert all(outcome.is_fresh for outcome in desk.outcomes)
        assert nothing == (desk.query("SELECT count(*) FROM landing.bar_versions") == [(0,)])
        for source, symbol in desk.query("SELECT DISTINCT source, symbol FROM landing.bar_versions"):
            series = desk.series(source, symbol)
            days = series["session_date"].to_pylist()
            market = [bar for bar in MARKET[symbol] if bar.day <= days[-1]]
            missing = frozenset(bar.day for bar in market) - set(days)
            assert {(source, symbol, day) for day in missing} <= gaps
            assert_is_market(series, market, missing)
