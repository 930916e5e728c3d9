"""Readings: one snapshot of the warehouse and the ledger beside it, from which every document is computed."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from execution.ledger.ledger import ledger_url
from execution.service import open_ledger
from execution.switch_files import SwitchFiles
from warehouse import readers
from warehouse.errors import LakeError
from warehouse.lake import current_snapshot
from warehouse.settings.portfolio import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import duckdb

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.models import Switch
    from warehouse.settings.portfolio import Portfolio


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SeenState:
    """State of an installation that documents are kept by.

    Attributes:
        snapshot: Newest of the warehouse; None while there is none that can be read.
        sequence: Newest event of the ledger; None while it cannot be read.
        beside: Times and names of the files that are neither: configuration, switches, tear sheet.
    """

    snapshot: int | None = None
    sequence: int | None = None
    beside: tuple[str, ...] = ()


class Reading:
    """One state of an installation; what cannot be opened is told by the view that needs it."""

    def __init__(self, installation: Installation, now: datetime, opened: contextlib.ExitStack) -> None:
        self.installation = installation
        self.now = now
        self._opened = opened
        self._known: dict[Any, Any] = {}

    @cached_property
    def lake(self) -> duckdb.DuckDBPyConnection:
        """The warehouse at its newest snapshot, one thread. Raises LakeError."""
        connection = self._opened.enter_context(self.installation.lake.reader(self.snapshot))
        connection.execute("SET threads = 1")  # the other core is the rebalance's
        return connection

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger. Raises LedgerError."""
        return self._opened.enter_context(open_ledger(self.installation))

    @cached_property
    def snapshot(self) -> int:
        """Snapshot of `lake`. Raises LakeError."""
        with self.installation.lake.reader() as connection:
            return current_snapshot(connection)

    @property
    def portfolio(self) -> Portfolio:
        """The configuration. Raises ConfigurationError."""
        return self.installation.portfolio

    @property
    def posted(self) -> Switch:
        """The strictest switch that stands as a file."""
        return SwitchFiles.of(self.installation.home).read()

    def records(self, sql: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows of the warehouse. Raises LakeError if a relation was never built."""
        return readers.rows(self.lake, readers.Question(sql), values).records()

    def once(self, compute: Callable[[Reading], T]) -> T:
        """Return what a function finds in this reading, computed once for all views that need it."""
        if compute not in self._known:
            self._known[compute] = compute(self)
        return cast("T", self._known[compute])

    def if_built(self, sql: str) -> list[dict[str, Any]]:
        """Return rows of the warehouse; none where the relation was never made."""
        try:
            return self.records(sql)
        except LakeError:
            return []


@contextlib.contextmanager
def reading_of(installation: Installation, now: datetime) -> Iterator[Reading]:
    """Open a reading; the configuration is read anew."""
    with contextlib.ExitStack() as opened:
        yield Reading(replace(installation), now, opened)


def beside(installation: Installation) -> tuple[str, ...]:
    """Name the state of the files that are neither warehouse nor ledger."""
    home = installation.home
    files = [home / FILE_NAME, installation.reports / "report.html"]
    return (SwitchFiles.of(home).read().value, *(_stamp(str(file)) for file in files))


def stamp(installation: Installation) -> tuple[str, ...]:
    """Tell, without opening anything, whether warehouse or ledger may have changed."""
    home = installation.home
    url = installation.ledger_url or ledger_url(home)
    catalog, ledger = installation.lake.catalog, url.removeprefix("sqlite:///")
    files = [f"{file}{end}" for file in (catalog, ledger) for end in ("", "-wal")]
    return (*(_stamp(file) for file in files), *beside(installation))


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line for each kind of value
    """Convert to what JSON knows. Amounts become binary fractions: a document shows, and nothing is booked from it."""
    match value:
        case Enum():
            return value.value
        case Decimal() | float():
            return float(value) if math.isfinite(value) else None
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {str(plain(name)): plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case None | bool() | int() | str():
            return value
    return str(value)


def _stamp(file: str) -> str:
    try:
        found = Path(file).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}/{found.st_size}"
