"""Failover: for each symbol the first source, in a given order, whose answer can be taken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from warehouse.sources.acceptance import soundness
from warehouse.sources.base import BarSource, Progress, SymbolBars, SymbolSource, silent
from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class WantedBars:
    """The bars that a fetch is to bring.

    Attributes:
        until: The session that the bars must reach, or they are stale.
        held: The newest session held, by source and symbol; of all others the whole history is wanted.
    """

    symbols: tuple[str, ...]
    until: date
    held: Mapping[tuple[str, str], date] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class SymbolOutcome:
    """The result for one symbol.

    Attributes:
        answer: The bars taken; None if no source had any. Where every source's are stale, the newest of them.
        gaps: The sessions within them that have no sound bar.
        faults: Of every source asked before, by source; of the stale one that was taken as well.
    """

    symbol: str
    answer: SymbolBars | None
    gaps: tuple[date, ...]
    faults: Mapping[str, SourceFault]

    @property
    def is_fresh(self) -> bool:
        """Tell whether the bars reach the session that was asked for."""
        return self.answer is not None and self.answer.source not in self.faults

    @property
    def shortfall(self) -> str:
        """Name what is missing and why; empty if nothing is."""
        gaps = [f"{len(self.gaps)} sessions have no bar, the first {self.gaps[0]}"] if self.gaps else []
        faults = [] if self.is_fresh else [f"{source} {fault}" for source, fault in self.faults.items()]
        return "; ".join(faults + gaps)


class Failover:
    """Asks sources in order, all symbols at once: a slow symbol or source delays no other symbol.

    Args:
        sources: Made for this fetch; the first is asked first.
        patience: Seconds that one symbol may take at one source, waiting for its turn included.
    """

    def __init__(self, sources: Sequence[SymbolSource], patience: float = PATIENCE) -> None:
        self._sources = tuple(sources)
        self._patience = patience

    def fetch(self, wanted: WantedBars, progress: Progress = silent) -> list[SymbolOutcome]:
        """Return one outcome for each symbol, in their order; to be called outside a running loop."""
        return asyncio.run(self.outcomes(wanted, progress))

    async def outcomes(self, wanted: WantedBars, progress: Progress = silent) -> list[SymbolOutcome]:
        """As `fetch`, within a loop. The sources are closed at the end."""
        done = 0

        async def one(symbol: str) -> SymbolOutcome:
            nonlocal done
            outcome = await self._outcome(symbol, wanted)
            done += 1
            progress(done, len(wanted.symbols), symbol)
            return outcome

        try:
            return await asyncio.gather(*map(one, wanted.symbols))
        finally:
            for source in self._sources:
                await source.close()

    async def _outcome(self, symbol: str, wanted: WantedBars) -> SymbolOutcome:
        faults: dict[str, SourceFault] = {}
        late: tuple[date, SymbolBars, tuple[date, ...]] | None = None
        for source in self._sources:
            try:
                async with asyncio.timeout(self._patience):
                    answer = await source.bars(symbol, wanted.held.get((source.name, symbol)), wanted.until)
            except TimeoutError:
                faults[source.name] = SourceFault(FaultKind.TRANSIENT, f"no answer in {self._patience:g} s")
                continue
            except SourceFaultError as error:
                faults[source.name] = error.fault
                continue
            sound = soundness(answer.bars, wanted.until)
            if sound.fault is None:
                return SymbolOutcome(symbol, answer, sound.gaps, faults)
            faults[source.name] = sound.fault
            is_later = sound.newest and (late is None or sound.newest > late[0])
            if sound.newest and sound.fault.kind is FaultKind.STALE and is_later:
                late = sound.newest, answer, sound.gaps
        return SymbolOutcome(symbol, late[1] if late else None, late[2] if late else (), faults)


class FetchedBars(BarSource):
    """The bars that one source had for some symbols, ready to be landed under its name."""

    def __init__(self, name: str, outcomes: Sequence[SymbolOutcome]) -> None:
        self.name = name
        self._answers = [outcome.answer for outcome in outcomes if outcome.answer]
        self.actions = [action for answer in self._answers for action in answer.actions]
        self.failures = {outcome.symbol: outcome.shortfall for outcome in outcomes if outcome.shortfall}

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per symbol."""
        for done, answer in enumerate(self._answers, start=1):
            yield answer.bars
            progress(done, len(self._answers), answer.symbol)


def by_source(outcomes: Iterable[SymbolOutcome]) -> list[FetchedBars]:
    """Group the bars by the source they came from, so that each is landed under its own name."""
    groups: defaultdict[str, list[SymbolOutcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.answer:
            groups[outcome.answer.source].append(outcome)
    return [FetchedBars(name, group) for name, group in groups.items()]
