"""Renamed and ended symbols: what the configuration says of them, its contradictions, its rows for the warehouse."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from warehouse import symbols
from warehouse.settings.layers import Problem, Section

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def one_form(text: str) -> str:
    """Return a symbol in the form of the lake. Raises ValueError for a text that is none."""
    symbol = symbols.canonical(text)
    if symbol is None:
        raise ValueError(symbols.RULE)
    return symbol


Symbol = Annotated[str, AfterValidator(one_form)]
Day = Annotated[date, BeforeValidator(lambda text: date.fromisoformat(text) if isinstance(text, str) else text)]
"""A date, which the configuration holds as a text."""


class SymbolChange(Section):
    """A symbol that trades under another name, from a date on, or no more after a date."""

    old: Symbol = Field(description=f"a symbol: {symbols.RULE}")
    new: Symbol | None = Field(None, description=f"a symbol: {symbols.RULE}")
    date: Day | None = Field(None, description="the first session under the new symbol, such as 2022-06-09")
    ended: Day | None = Field(None, description="the last session of the symbol, such as 2022-06-09")


def changes_contradicted(changes: Sequence[SymbolChange], universe: Collection[str]) -> Iterator[Problem]:
    """Yield the problems between changes that are each well formed, and between them and the universe."""
    times = Counter(change.old for change in changes)
    renamed = {change.old: change for change in changes if change.new}
    for at, change in enumerate(changes):
        for text in _contradictions(change, renamed):
            yield Problem((("symbol_changes", at),), text)
        if times[change.old] > 1:
            yield Problem((("symbol_changes", at, "old"),), f"{change.old} stands there {times[change.old]} times")
        if change.new and change.new != change.old and change.old in universe:
            text = f"{change.old} is renamed to {change.new}: list {change.new}, which has the history of both"
            yield Problem((("universe",), ("symbol_changes", at, "old")), text)


def _contradictions(change: SymbolChange, renamed: Mapping[str, SymbolChange]) -> Iterator[str]:
    if (change.new is None) != (change.date is None) or (change.new is None) == (change.ended is None):
        yield "allowed is old with new and date (renamed), or old with ended"
        return
    if change.new is None:
        return
    names, last = [change.old], change
    while (following := renamed.get(last.new or "")) and last.new not in names:
        names, last = [*names, following.old], following
    if last.new in names:
        yield f"{' → '.join([*names, last.new])} comes back to a name that it had"
        return
    following = renamed.get(change.new)
    if following and change.date and following.date and following.date <= change.date:
        yield f"{change.new} is renamed in turn on {following.date}, which is not later"


def change_rows(changes: Sequence[SymbolChange]) -> list[dict[str, Any]]:
    """Return a row per symbol: renamed, with the first session under the newest name, or ended, with its last session.

    A symbol renamed more than once continues as the newest of its names.
    """
    renamed = {change.old: change.new for change in changes if change.new}
    rows = []
    for change in sorted(changes, key=lambda change: change.old):
        newest = change.new
        while newest in renamed:
            newest = renamed[newest]
        rows.append({"symbol": change.old, "continued_as": newest, "changed_on": change.date, "ended_on": change.ended})
    return rows
