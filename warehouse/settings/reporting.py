"""The configuration's section about the tear sheet and the pictures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from warehouse import symbols
from warehouse.settings.layers import Problem, Section
from warehouse.settings.symbol_changes import one_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MIXES = ("60/40", "Equal weight")
"""Benchmarks that are no symbol: SPY and IEF at 60 and 40 per cent, and all of the universe alike."""
MOST_BENCHMARKS = 5


def _symbol_or_mix(text: str) -> str:
    """Return a benchmark in the form that reports know. Raises ValueError for a text that is none."""
    mix = next((mix for mix in MIXES if mix.lower() == text.strip().lower()), None)
    return mix or one_form(text)


Benchmark = Annotated[str, AfterValidator(_symbol_or_mix)]


class ReportSettings(Section):
    """Benchmarks beside the strategy; no number of the strategy hangs on them."""

    benchmarks: tuple[Benchmark, ...] = Field(
        strict=False,
        min_length=1,
        max_length=MOST_BENCHMARKS,
        description=f"a list of 1 to {MOST_BENCHMARKS}: {', '.join(MIXES)}, or symbols, each {symbols.RULE}",
    )


def benchmarks_contradicted(benchmarks: Sequence[str]) -> Iterator[Problem]:
    """Yield the benchmarks that are named more than once."""
    for name, times in Counter(benchmarks).items():
        if times > 1:
            yield Problem.of(f"{name} stands there {times} times; once is allowed", "report.benchmarks")
