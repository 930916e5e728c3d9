"""Failover under random schedules of faults, in virtual time: never a wrong bar, never a silent gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import TYPE_CHECKING

from asking_vendors import ACCESS, EVENING, VENDORS, assert_is_market, source_of
from fake_vendors import BEHAVIOURS
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vendor_market import LAST, traded
from vendor_server import VendorTransport
from virtual_time import VirtualTime

from warehouse.calendar.sessions import is_session
from warehouse.sources.failover import Failover, WantedBars
from warehouse.sources.faults import FaultKind
from warehouse.validation import validate

if TYPE_CHECKING:
    from warehouse.sources.failover import SymbolOutcome

MARKET = {symbol: traded(symbol, first=date(2024, 7, 1)) for symbol in ("SPY", "QQQ", "TLT", "GLD")}
PATIENCE = 200.0
SLOWEST = 45.0
"""Seconds of a reply; the sources wait 30."""
ODD = sorted(BEHAVIOURS.keys() - {"honest"})
NEEDS_ROWS = {"row_is_text": "yahoo"}
NEEDS_PAGES = {"token_repeats", "tokens_never_end"}

Schedule = tuple[tuple[str, float], ...]
"""A behaviour and the seconds it takes, for each request in turn; the last one goes on for ever."""

HONEST: Schedule = (("honest", 0.1),)


def schedules(vendor: str) -> st.SearchStrategy[Schedule]:
    """Draw what a vendor does."""
    odd = [name for name in ODD if NEEDS_ROWS.get(name) != vendor and (vendor == "alpaca" or name not in NEEDS_PAGES)]
    behaviour = st.one_of(st.just("honest"), st.sampled_from(odd))
    seconds = st.one_of(st.just(0.1), st.floats(0.1, SLOWEST))
    return st.lists(st.tuples(behaviour, seconds), min_size=1, max_size=8).map(tuple)


def played(order: tuple[str, ...], script: dict[str, Schedule]) -> tuple[list[SymbolOutcome], float]:
    """Fetch the market from vendors that follow the script; return the outcomes and the seconds it took."""

    async def fetch() -> list[SymbolOutcome]:
        sources = []
        for name in order:
            steps = script[name]
            behaviour = [BEHAVIOURS[step] for step, _ in steps]
            vendor = VENDORS[name](MARKET, time.now, lambda number, own=behaviour: own[min(number, len(own) - 1)])
            transport = VendorTransport(vendor, [seconds for _, seconds in steps])
            sources.append(source_of(name, replace(ACCESS[name], clock=time.now, transport=transport)))
        return await Failover(sources, PATIENCE).outcomes(WantedBars(tuple(MARKET), LAST))

    time = VirtualTime(EVENING)
    return time.run(fetch()), time.seconds


@settings(max_examples=200, deadline=None)
@given(
    order=st.sampled_from(list(permutations(VENDORS))),
    script=st.fixed_dictionaries({vendor: schedules(vendor) for vendor in VENDORS}),
)
@example(
    order=("alpaca", "tiingo", "yahoo"),
    script={"tiingo": HONEST, "alpaca": (("newest_first", 0.1), ("honest", 0.1)), "yahoo": HONEST},
)
def test_never_a_wrong_bar_and_never_a_silent_gap(order: tuple[str, ...], script: dict[str, Schedule]) -> None:
    """Whatever the vendors do, a bar that is taken is the market's, and what is missing is named with its reason."""
    outcomes, seconds = played(order, script)
    assert [outcome.symbol for outcome in outcomes] == list(MARKET)
    assert seconds <= len(order) * PATIENCE + 1
    for outcome in outcomes:
        asked = list(outcome.faults)
        if outcome.answer is None:
            assert asked == list(order)
            continue
        answer, market = outcome.answer, MARKET[outcome.symbol]
        assert asked == list(order[: len(asked)])
        sound = validate(answer.bars, is_session).valid
        found = set(sound["session_date"].to_pylist())
        newest = max(found)
        assert found | set(outcome.gaps) == {bar.day for bar in market if bar.day <= newest}
        assert not found & set(outcome.gaps)
        until_newest = [bar for bar in market if bar.day <= newest]
        assert_is_market(sound, market if newest == LAST else market[: len(until_newest)], frozenset(outcome.gaps))
        if outcome.is_fresh:
            assert newest == LAST
            assert answer.source == order[len(asked)]
        else:
            assert asked == list(order)
            assert outcome.faults[answer.source].kind is FaultKind.STALE
    for name, steps in script.items():
        if set(steps) == set(HONEST):
            assert all(outcome.is_fresh for outcome in outcomes), f"{name} had every bar"
