"""Fetching: sources are asked for what is missing of each symbol, and what comes lands under the name of its source."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from warehouse.calendar.sessions import EXCHANGE_ZONE, last_completed_session
from warehouse.errors import SourceError
from warehouse.landing import Landed, land_bars
from warehouse.seams import breaks
from warehouse.sources.base import silent
from warehouse.sources.failover import Failover, SymbolOutcome, WantedBars, by_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    import duckdb

    from warehouse.sources.base import Progress, SymbolSource
    from warehouse.sources.faults import SourceFault

OVERLAP = 4
"""Sessions held that an increment begins with: the first is compared alone, a correction of one of the others is
outvoted."""
MOST_TOLD = 12
COUNTS = ("read", "new", "changed", "unchanged", "quarantined")

HELD = f"""
SELECT source, symbol, min(session_date) AS since
FROM (
    SELECT DISTINCT source, symbol, session_date FROM landing.bar_versions
    QUALIFY dense_rank() OVER (PARTITION BY source, symbol ORDER BY session_date DESC) <= {OVERLAP}
)
GROUP BY source, symbol HAVING count(*) = {OVERLAP}
"""
COVERAGE = """
SELECT source, symbol, count(DISTINCT session_date), max(session_date)
FROM landing.bar_versions GROUP BY source, symbol
"""


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """The symbols to fetch, and the way to ask for them.

    Attributes:
        now: The time, aware: bars must reach the last session that has closed by then.
        patience: Seconds that a symbol may take at one source.
        asks_all: Every source is asked for every symbol, so that they can be compared; else until one has the bars.
    """

    symbols: tuple[str, ...]
    now: datetime
    patience: float
    asks_all: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """The bars that the lake holds of a symbol from one source, and how the source answered this time.

    Attributes:
        bars: Sessions held.
        newest: The last of them; None if there is none.
        is_taken: The source had bars this time.
        fault: The reason if it had not, or if they end too early.
    """

    symbol: str
    source: str
    bars: int
    newest: date | None
    is_taken: bool
    fault: SourceFault | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result of a fetch.

    Attributes:
        coverage: By symbol in their order, then by source in the order asked.
        landed: By source.
        failures: The reason for which nothing came of a symbol, line by line.
        notes: The shortfall of symbols that have bars, line by line: an early end, sessions that lack one.
    """

    coverage: Sequence[Coverage]
    landed: Mapping[str, Landed]
    failures: Mapping[str, Sequence[str]]
    notes: Mapping[str, Sequence[str]]

    @property
    def total(self) -> Landed:
        """All sources' batches as one; its number is the last one's."""
        each = [*self.landed.values()]
        counts = {name: sum(getattr(it, name) for it in each) for name in COUNTS}
        first = min((it.first_session for it in each if it.first_session), default=None)
        last = max((it.last_session for it in each if it.last_session), default=None)
        return Landed(max(it.batch_id for it in each), **counts, first_session=first, last_session=last)


def fetch(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[SymbolSource], plan: FetchPlan, progress: Progress = silent
) -> Fetched:
    """Ask the sources, then land what each has given, in one transaction a source; to be called outside a loop.

    Raises:
        SourceError: Not one symbol has bars, or they would mix with made-up ones; nothing is landed.
    """
    return land(connection, asyncio.run(ask(connection, sources, plan, progress)), plan, [it.name for it in sources])


async def ask(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[SymbolSource], plan: FetchPlan, progress: Progress = silent
) -> list[SymbolOutcome]:
    """Return an outcome for each symbol; where all sources are asked, one for each symbol and source."""
    rows = connection.execute(HELD).fetchall()
    wanted = WantedBars(
        symbols=plan.symbols,
        until=plan.now.astimezone(EXCHANGE_ZONE).date(),
        held={(source, symbol): since for source, symbol, since in rows},
        due=last_completed_session(plan.now),
    )
    chains: list[Sequence[SymbolSource]] = [[source] for source in sources] if plan.asks_all else [sources]
    seams = partial(breaks, connection)
    counted = _added_up(progress, len(chains))
    asked = (Failover(chain, plan.patience, seams).outcomes(wanted, counted) for chain in chains)
    return [outcome for outcomes in await asyncio.gather(*asked) for outcome in outcomes]


def land(
    connection: duckdb.DuckDBPyConnection, outcomes: Sequence[SymbolOutcome], plan: FetchPlan, names: Sequence[str]
) -> Fetched:
    """Land the outcomes; `names` are the sources in the order asked.

    Raises:
        SourceError: As `fetch`.
    """
    # The first source lands last: its batch is the newest. Which bars count, rank and agreement decide.
    batches = sorted(by_source(outcomes), key=lambda batch: -names.index(batch.name))
    landed = {batch.name: land_bars(connection, batch) for batch in batches}
    failures = _failures(outcomes)
    if not landed:
        raise SourceError(f"{failures_told(failures)}\nNothing was landed.")
    rows = connection.execute(COVERAGE).fetchall()
    held = {(source, symbol): (bars, newest) for source, symbol, bars, newest in rows}
    coverage = []
    for symbol in plan.symbols:
        own = [outcome for outcome in outcomes if outcome.symbol == symbol]
        faults = {source: fault for outcome in own for source, fault in outcome.faults.items()}
        taken = {outcome.answer.source for outcome in own if outcome.answer}
        coverage += [
            Coverage(symbol, name, *held.get((name, symbol), (0, None)), name in taken, faults.get(name))
            for name in names
            if name in faults or name in taken
        ]
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        notes[outcome.symbol] += _notes(outcome)
    return Fetched(coverage, landed, failures, {symbol: lines for symbol, lines in notes.items() if lines})


def failures_told(failures: Mapping[str, Sequence[str]]) -> str:
    """Name the symbols that nothing came of and why; symbols with the same reasons are told together."""
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for symbol, reasons in failures.items():
        groups[tuple(reasons)].append(symbol)
    told = [
        line
        for reasons, symbols in list(groups.items())[:MOST_TOLD]
        for line in (f"{listed(symbols)}:", *(f"  {reason}" for reason in reasons))
    ]
    more = [f"… and {sum(map(len, list(groups.values())[MOST_TOLD:]))} more"] if len(groups) > MOST_TOLD else []
    count = "1 symbol" if len(failures) == 1 else f"{len(failures)} symbols"
    return "\n".join([f"Nothing came of {count}.", *told, *more])


def listed(symbols: Sequence[str]) -> str:
    """Name symbols, of many the first."""
    more = f" and {len(symbols) - MOST_TOLD:,} more" if len(symbols) > MOST_TOLD else ""
    return ", ".join(symbols[:MOST_TOLD]) + more


def _notes(outcome: SymbolOutcome) -> list[str]:
    """Say what the bars taken fall short of."""
    if outcome.answer is None:
        return []
    source, gaps = outcome.answer.source, outcome.gaps
    late = [f"{source} {outcome.faults[source]}"] if not outcome.is_fresh else []
    days = ", ".join(map(str, gaps[:MOST_TOLD])) + (" …" if len(gaps) > MOST_TOLD else "")
    return [*late, *([f"{source} has no sound bar of {days}"] if gaps else [])]


def _failures(outcomes: Sequence[SymbolOutcome]) -> dict[str, list[str]]:
    """Return, for each symbol without any bars, each source's fault and what to do."""
    found = {outcome.symbol for outcome in outcomes if outcome.answer}
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.symbol not in found:
            reasons[outcome.symbol] += [
                f"{source} {fault}. {fault.kind.remedy}".replace("..", ".") for source, fault in outcome.faults.items()
            ]
    return dict(reasons)


def _added_up(progress: Progress, chains: int) -> Progress:
    """Report the steps of several chains of sources as those of one."""
    steps = 0

    def report(_done: int, total: int, label: str) -> None:
        nonlocal steps
        steps += 1
        progress(steps, total * chains, label)

    return report
