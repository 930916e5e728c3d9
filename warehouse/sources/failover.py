"""Failover: for each symbol the first source, in a given order, whose answer can be taken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from warehouse.sources.acceptance import soundness
from warehouse.sources.base import BarSource, Progress, Seam, SymbolBars, SymbolSource, silent
from warehouse.sources.faults import FaultKind, SourceFault, SourceFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

PATIENCE = 120.0

Pair = tuple[str, str]
"""Source and symbol of a series."""


@dataclass(frozen=True, slots=True)
class WantedBars:
    """The bars that a fetch is to bring.

    Attributes:
        until: No later bar is wanted.
        held: A session held, by source and symbol, from which on bars suffice; of all others the whole history is
            wanted.
        due: The session that the bars must reach, or they are stale; `until` if it is None.
        refused: The series whose bars cannot be taken, and why: the next source is asked.
    """

    symbols: tuple[str, ...]
    until: date
    held: Mapping[Pair, date] = field(default_factory=lambda: MappingProxyType({}))
    due: date | None = None
    refused: Mapping[Pair, SourceFault] = field(default_factory=lambda: MappingProxyType({}))

    def after(self, broken: Mapping[Pair, str], answers: Mapping[Pair, SymbolBars]) -> WantedBars:
        """Return what is wanted when some answers do not continue what is held: of an increment the whole history.

        A whole history that leaves stored bars on another base cannot be taken.
        """
        refused = {
            pair: SourceFault(FaultKind.MALFORMED, f"its bars do not fit those held: {seen}")
            for pair, seen in broken.items()
            if answers[pair].is_whole
        }
        return replace(
            self,
            symbols=tuple(sorted({symbol for _, symbol in broken})),
            held={pair: since for pair, since in self.held.items() if pair not in broken},
            refused={**self.refused, **refused},
        )


@dataclass(frozen=True, slots=True)
class SymbolOutcome:
    """The result for one symbol.

    Attributes:
        answer: The bars taken; None if no source had any. Where every source's are stale, the newest of them.
        gaps: The sessions within them that have no sound bar.
        faults: Of every source asked before, by source; of the stale one that was taken as well.
        refused: Bars that do not fit those held; landing sets them aside.
    """

    symbol: str
    answer: SymbolBars | None
    gaps: tuple[date, ...]
    faults: Mapping[str, SourceFault]
    refused: tuple[SymbolBars, ...] = ()

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
        breaks: Told the answers; returns those that would leave a series with two adjustments, and what was seen. Their
            symbols are asked for again: the whole history instead of an increment, then the next source.
    """

    def __init__(
        self,
        sources: Sequence[SymbolSource],
        patience: float = PATIENCE,
        breaks: Callable[[Collection[SymbolBars]], Mapping[Pair, str]] = lambda _answers: MappingProxyType({}),
    ) -> None:
        self._sources = tuple(sources)
        self._patience = patience
        self._breaks = breaks

    def fetch(self, wanted: WantedBars, progress: Progress = silent) -> list[SymbolOutcome]:
        """Return one outcome for each symbol, in their order; to be called outside a running loop."""
        return asyncio.run(self.outcomes(wanted, progress))

    async def outcomes(self, wanted: WantedBars, progress: Progress = silent) -> list[SymbolOutcome]:
        """As `fetch`, within a loop. The sources are closed at the end."""
        try:
            outcomes = {outcome.symbol: outcome for outcome in await self._asked(wanted, progress)}
            new = list(outcomes.values())
            while True:
                answers = {(it.answer.source, it.symbol): it.answer for it in new if it.answer}
                if not (broken := self._breaks(answers.values())):
                    return list(outcomes.values())
                wanted = wanted.after(broken, answers)
                new = await self._asked(wanted, silent)
                for outcome in new:
                    past = outcomes[outcome.symbol]
                    wholes = tuple(
                        answers[pair] for pair in broken if pair in wanted.refused and pair[1] == outcome.symbol
                    )
                    outcomes[outcome.symbol] = replace(outcome, refused=past.refused + wholes)
        finally:
            for source in self._sources:
                await source.close()

    async def _asked(self, wanted: WantedBars, progress: Progress) -> list[SymbolOutcome]:
        done = 0

        async def one(symbol: str) -> SymbolOutcome:
            nonlocal done
            outcome = await self._outcome(symbol, wanted)
            done += 1
            progress(done, len(wanted.symbols), symbol)
            return outcome

        return await asyncio.gather(*map(one, wanted.symbols))

    async def _outcome(self, symbol: str, wanted: WantedBars) -> SymbolOutcome:
        faults: dict[str, SourceFault] = {}
        late: tuple[date, SymbolBars, tuple[date, ...]] | None = None
        for source in self._sources:
            if refusal := wanted.refused.get((source.name, symbol)):
                faults[source.name] = refusal
                continue
            try:
                async with asyncio.timeout(self._patience):
                    answer = await source.bars(symbol, wanted.held.get((source.name, symbol)), wanted.until)
            except TimeoutError:
                faults[source.name] = SourceFault(FaultKind.TRANSIENT, f"no answer in {self._patience:g} s")
                continue
            except SourceFaultError as error:
                faults[source.name] = error.fault
                continue
            sound = soundness(answer.bars, wanted.due or wanted.until)
            if sound.fault is None:
                return SymbolOutcome(symbol, answer, sound.gaps, faults)
            faults[source.name] = sound.fault
            is_later = sound.newest and (late is None or sound.newest > late[0])
            if sound.newest and sound.fault.kind is FaultKind.STALE and is_later:
                late = sound.newest, answer, sound.gaps
        return SymbolOutcome(symbol, late[1] if late else None, late[2] if late else (), faults)


class FetchedBars(BarSource):
    """The bars that one source had for some symbols, those that do not fit among them, to be landed under its name."""

    seam = Seam.OF_EACH_SYMBOL

    def __init__(self, name: str, outcomes: Sequence[SymbolOutcome]) -> None:
        self.name = name
        taken = [outcome.answer for outcome in outcomes if outcome.answer and outcome.answer.source == name]
        refused = [answer for outcome in outcomes for answer in outcome.refused if answer.source == name]
        self._answers = taken + refused
        self.actions = [action for answer in taken for action in answer.actions]
        self.split_spans = {
            answer.symbol: (answer.bars["session_date"][0].as_py(), answer.bars["session_date"][-1].as_py())
            for answer in taken
            if answer.states_splits and answer.bars.num_rows
        }

    def fetch(self, progress: Progress) -> Iterator[pa.Table]:
        """Yield one table per symbol."""
        for done, answer in enumerate(self._answers, start=1):
            yield answer.continuing
            progress(done, len(self._answers), answer.symbol)


def by_source(outcomes: Iterable[SymbolOutcome]) -> list[FetchedBars]:
    """Group the bars by the source they came from, so that each is landed under its own name."""
    each = tuple(outcomes)
    names = {answer.source: None for it in each for answer in (it.answer, *it.refused) if answer}
    return [FetchedBars(name, each) for name in names]
