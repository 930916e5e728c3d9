"""Failover over plain sources: order, freshness, patience and what is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from virtual_time import VirtualTime

from warehouse.calendar.sessions import sessions
from warehouse.sources.acceptance import soundness
from warehouse.sources.base import RAW_BAR_SCHEMA, SymbolBars, SymbolSource, silent
from warehouse.sources.failover import Failover, SymbolOutcome, WantedBars, by_source
from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DAYS = sessions(date(2024, 10, 1), date(2024, 12, 30))
UNTIL = DAYS[-1]
NOW = datetime(2024, 12, 31, tzinfo=UTC)


def bars(symbol: str, days: list[date]) -> pa.Table:
    """Make bars that are all alike."""
    bar = dict.fromkeys(("open", "high", "low", "close", "adj_close"), 100.0) | {"volume": 1.0, "dividend": 0.0}
    rows = [{"symbol": symbol, "session_date": day, "is_final": True, "file": "here", "line": 1} | bar for day in days]
    return pa.Table.from_pylist(rows, schema=RAW_BAR_SCHEMA)


class Scripted(SymbolSource):
    """Answers each symbol with its days, its fault, or after its seconds."""

    def __init__(self, name: str, script: Mapping[str, list[date] | FaultKind], seconds: float = 0.0) -> None:
        self.name = name
        self._script = script
        self._seconds = seconds
        self.asked: list[tuple[str, date | None]] = []
        self.is_closed = False

    async def bars(self, symbol: str, since: date | None, until: date) -> SymbolBars:
        """Answer as the script says."""
        self.asked.append((symbol, since))
        await asyncio.sleep(self._seconds)
        days = self._script[symbol]
        if isinstance(days, FaultKind):
            raise SourceFaultError.of(days, "as scripted")
        return SymbolBars(symbol, self.name, bars(symbol, days), is_whole=since is None, adjusted_through=until)

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True


def fetched(wanted: WantedBars, *sources: SymbolSource) -> dict[str, SymbolOutcome]:
    """Fetch in virtual time."""
    outcomes = VirtualTime(NOW).run(Failover(sources, patience=60).outcomes(wanted))
    return {outcome.symbol: outcome for outcome in outcomes}


def winners(*outcomes: SymbolOutcome) -> list[str | None]:
    """Return the source of each answer."""
    return [outcome.answer.source if outcome.answer else None for outcome in outcomes]


def test_the_first_acceptable_answer_wins_symbol_by_symbol() -> None:
    """A source is asked only for what those before it did not have, and every fault on the way is told."""
    first = Scripted("first", {"A": DAYS, "B": FaultKind.NOT_FOUND, "C": FaultKind.QUOTA})
    second = Scripted("second", {"B": DAYS, "C": FaultKind.TRANSIENT})
    outcomes = fetched(WantedBars(("A", "B", "C"), UNTIL), first, second)
    assert winners(outcomes["A"], outcomes["B"], outcomes["C"]) == ["first", "second", None]
    assert outcomes["B"].faults == {"first": SourceFault(FaultKind.NOT_FOUND, "as scripted")}
    assert outcomes["B"].is_fresh
    assert not outcomes["B"].shortfall
    assert outcomes["C"].shortfall == "first quota: as scripted; second transient: as scripted"
    assert [symbol for symbol, _ in second.asked] == ["B", "C"]
    assert first.is_closed
    assert second.is_closed


def test_stale_bars_are_passed_over_and_taken_only_as_a_last_resort() -> None:
    """A fresh source further down wins; where all are stale the newest bars are taken, and said to be stale."""
    stale, older = Scripted("stale", {"A": DAYS[:-2], "B": DAYS[:-2]}), Scripted("older", {"A": DAYS[:-5], "B": DAYS})
    outcomes = fetched(WantedBars(("A", "B"), UNTIL), older, stale)
    assert outcomes["B"].answer
    assert outcomes["B"].answer.source == "older"
    late = outcomes["A"]
    assert late.answer
    assert (late.answer.source, late.is_fresh, list(late.faults)) == ("stale", False, ["older", "stale"])
    assert "2 sessions before 2024-12-30" in late.shortfall


def test_a_holiday_is_no_reason_to_be_stale() -> None:
    """The bars must reach the last session of the day asked for, not the day."""
    christmas = date(2024, 12, 25)
    outcomes = fetched(WantedBars(("A",), christmas), Scripted("only", {"A": sessions(DAYS[0], christmas)}))
    assert outcomes["A"].is_fresh


def test_each_source_continues_what_is_held_from_it() -> None:
    """The newest session held is by source: what one vendor gave is no base for another's increments."""
    first, second = Scripted("first", {"A": FaultKind.QUOTA}), Scripted("second", {"A": DAYS})
    fetched(WantedBars(("A",), UNTIL, {("first", "A"): DAYS[5]}), first, second)
    assert first.asked == [("A", DAYS[5])]
    assert second.asked == [("A", None)]


def test_a_slow_source_delays_nobody_else() -> None:
    """The symbols that a quick source has are there at once; a slow one is left after its patience for the next."""
    slow = Scripted("slow", {"A": DAYS, "B": FaultKind.NOT_FOUND}, seconds=3600)
    quick = Scripted("quick", {"A": FaultKind.NOT_FOUND, "B": DAYS})
    last = Scripted("last", {"A": DAYS})
    arrivals: dict[str, float] = {}

    async def run() -> list[SymbolOutcome]:
        def arrived(_done: int, _total: int, symbol: str) -> None:
            arrivals[symbol] = asyncio.get_running_loop().time()

        return await Failover([quick, slow, last], patience=60).outcomes(WantedBars(("A", "B"), UNTIL), arrived)

    outcomes = VirtualTime(NOW).run(run())
    assert winners(*outcomes) == ["last", "quick"]
    assert arrivals == {"B": pytest.approx(0, abs=1e-3), "A": pytest.approx(60)}
    assert outcomes[0].faults["slow"].kind is FaultKind.TRANSIENT


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        (DAYS, None),
        (DAYS[:10] + DAYS[11:], None),
        (DAYS[:10] + DAYS[13:], FaultKind.MALFORMED),
        (DAYS[::5], FaultKind.MALFORMED),
        ([day + timedelta(days=5) for day in DAYS[::5]], FaultKind.MALFORMED),
        (DAYS[:-1], FaultKind.STALE),
        ([], FaultKind.NOT_FOUND),
    ],
    ids=["whole", "one missing", "three missing", "weekly", "weekends", "late", "none"],
)
def test_an_answer_is_judged_by_the_calendar(days: list[date], kind: FaultKind | None) -> None:
    """A session in fifty may be missing, and is named; more is no daily history, and an early end is stale."""
    judged = soundness(bars("A", days), UNTIL)
    assert (judged.fault and judged.fault.kind) == kind
    if kind is None:
        assert set(judged.gaps) == set(DAYS) - set(days)


def test_an_increment_that_does_not_fit_is_asked_for_as_a_whole() -> None:
    """Where its first bars are not those held the whole history comes, and nobody else is asked again."""
    only = Scripted("only", {"A": DAYS, "B": DAYS})
    seen: list[list[str]] = []

    def breaks(answers: Collection[SymbolBars]) -> dict[tuple[str, str], str]:
        seen.append([answer.symbol for answer in answers])
        return {("only", "A"): "half as high"} if len(seen) == 1 else {}

    wanted = WantedBars(("A", "B"), UNTIL, {("only", "A"): DAYS[5], ("only", "B"): DAYS[5]})
    first, second = VirtualTime(NOW).run(Failover([only], 60, breaks).outcomes(wanted))
    assert only.asked == [("A", DAYS[5]), ("B", DAYS[5]), ("A", None)]
    assert seen == [["A", "B"], ["A"]]
    assert first.is_fresh
    assert second.is_fresh
    assert not first.refused


def test_a_whole_history_that_does_not_fit_is_set_aside_and_the_next_source_is_asked() -> None:
    """The fault says what was seen, and the bars come along to be quarantined."""
    first, second = Scripted("first", {"A": DAYS}), Scripted("second", {"A": DAYS})

    def breaks(answers: Collection[SymbolBars]) -> dict[tuple[str, str], str]:
        return {(it.source, it.symbol): "half as high" for it in answers if it.source == "first"}

    wanted = WantedBars(("A",), UNTIL, {("first", "A"): DAYS[5]})
    (outcome,) = VirtualTime(NOW).run(Failover([first, second], 60, breaks).outcomes(wanted))
    assert winners(outcome) == ["second"]
    assert outcome.faults["first"] == SourceFault(FaultKind.MALFORMED, "its bars do not fit those held: half as high")
    assert [refused.source for refused in outcome.refused] == ["first"]
    assert [batch.name for batch in by_source([outcome])] == ["second", "first"]


def test_bars_are_landed_under_the_name_of_their_source() -> None:
    """Each source's bars are a source of their own."""
    first = Scripted("first", {"A": DAYS, "B": FaultKind.NOT_FOUND, "C": FaultKind.QUOTA, "D": DAYS[:-1]})
    second = Scripted("second", {"B": DAYS, "C": FaultKind.QUOTA, "D": FaultKind.QUOTA})
    outcomes = fetched(WantedBars(("A", "B", "C", "D"), UNTIL), first, second)
    one, other = by_source(outcomes.values())
    assert (one.name, other.name) == ("first", "second")
    assert pa.concat_tables(one.fetch(silent))["symbol"].unique().to_pylist() == ["A", "D"]
    assert pa.concat_tables(other.fetch(silent))["symbol"].unique().to_pylist() == ["B"]
