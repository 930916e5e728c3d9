"""Bars and configuration, as they land."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_defs.resources import Warehouse
from execution.brokers import registry as brokers
from execution.installation import Installation
from execution.service import held_symbols
from warehouse.calendar.sessions import last_completed_session
from warehouse.errors import SourceError
from warehouse.landing import land_bars, land_portfolio
from warehouse.sources.base import BarSource, Progress
from warehouse.sources.files.bases import AdjustedBy
from warehouse.sources.files.numbers import Notation
from warehouse.sources.files.source import FileOptions, FileSource
from warehouse.sources.files.verdicts import FileVerdict
from warehouse.sources.registry import FETCHED, SOURCES, SourceKind
from warehouse.sources.synthetic import SyntheticSource
from warehouse.symbols import RULE, canonical

GROUP = "landing"
BAR_VERSIONS = dg.AssetKey(["landing", "bar_versions"])
QUARANTINED_BARS = dg.AssetKey(["record", "quarantined_bars"])
CORPORATE_ACTIONS = dg.AssetKey(["landing", "corporate_actions"])
PORTFOLIO_TABLES = ("universe", "strategies", "settings", "source_ranks", "symbol_changes")


class Fetch(dg.Config):
    """Where bars come from. Without a source, the run works on the bars that are there."""

    source: str = ""
    paths: list[str] = Field(default_factory=list)
    columns: dict[str, str] = Field(default_factory=dict)
    symbol: str = ""
    date_format: str = ""
    decimal: str = ""
    thousands: str = ""
    no_header: bool = False
    sheet: str = ""
    adjusted_by: str = ""
    symbols: list[str] = Field(default_factory=list)
    start: str = ""
    end: str = ""

    def bar_source(self, installation: Installation) -> BarSource | None:
        """Make the source that is meant; None if none is. Raises SourceError for one that does not exist."""
        if not self.source:
            return None
        match SOURCES[self.source].kind if self.source in FETCHED else None:
            case SourceKind.SAMPLE:
                return SyntheticSource()
            case SourceKind.FILES:
                return FileSource([Path(path) for path in self.paths], self._options())
            case SourceKind.BROKER:
                portfolio = installation.portfolio
                symbols = self.symbols or sorted({*portfolio.universe, *held_symbols(installation)})
                return brokers.adapter(self.source).bars(installation.gateway, symbols, portfolio.broker.history)
        raise SourceError(f"There is no bar source '{self.source}'. Use one of: {', '.join(FETCHED)}.")

    def _options(self) -> FileOptions:
        return FileOptions(
            columns=self.columns,
            symbol=_one_form(self.symbol) if self.symbol else None,
            date_format=self.date_format or None,
            notation=self._notation(),
            no_header=self.no_header,
            sheet=self.sheet or None,
            adjusted_by=AdjustedBy(self.adjusted_by) if self.adjusted_by else None,
            symbols=frozenset(map(_one_form, self.symbols)) or None,
            start=date.fromisoformat(self.start) if self.start else None,
            end=date.fromisoformat(self.end) if self.end else None,
            final_until=last_completed_session(datetime.now(UTC)),
        )

    def _notation(self) -> Notation | None:
        if not self.decimal and not self.thousands:
            return None
        decimal = self.decimal or ("," if self.thousands == "." else ".")
        return Notation(decimal, self.thousands or ("." if decimal == "," else ","))


def _one_form(symbol: str) -> str:
    form = canonical(symbol)
    if form is None:
        raise SourceError(f"{symbol!r} is no symbol: allowed is {RULE}.")
    return form


@dg.multi_asset(
    name="bars_landing",
    specs=[
        dg.AssetSpec(BAR_VERSIONS, description="Every version of every bar, as it was landed."),
        dg.AssetSpec(QUARANTINED_BARS, description="Rows that are no bars, and why."),
        dg.AssetSpec(CORPORATE_ACTIONS, description="Corporate actions that sources state beside their bars."),
    ],
    group_name=GROUP,
)
def bars_landing(
    config: Fetch,
    warehouse: dg.ResourceParam[Warehouse],
    installation: dg.ResourceParam[Installation],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[Any]]:
    """Land what is new from a source; the same content again adds nothing."""
    source = config.bar_source(installation)
    about: dict[str, Any] = {"note": "no source was named: the run uses the bars landed before"}
    if source is not None:
        about = asdict(land_bars(warehouse.connection, source, progress)) | {"failures": dict(source.failures)}
        if isinstance(source, FileSource):
            about |= _told(source.verdicts, installation.portfolio.universe)
    landed: dict[str, Any] = {name: str(value) if isinstance(value, date) else value for name, value in about.items()}
    yield dg.MaterializeResult(asset_key=BAR_VERSIONS, metadata=landed)
    yield dg.MaterializeResult(asset_key=QUARANTINED_BARS)
    yield dg.MaterializeResult(asset_key=CORPORATE_ACTIONS)


def _told(verdicts: Sequence[FileVerdict], universe: Sequence[str]) -> dict[str, Any]:
    """Return the verdicts as JSON has them, and the symbols that the portfolio does not know."""
    files = [
        asdict(verdict) | {"first": str(verdict.first), "last": str(verdict.last), "notes": list(verdict.notes)}
        for verdict in verdicts
    ]
    landed = {verdict.symbol for verdict in verdicts}
    return {"files": files, "outside_universe": sorted(landed - set(universe))}


@dg.multi_asset(
    name="portfolio_landing",
    specs=[
        dg.AssetSpec(["landing", name], description=f"The configuration's {name}, as rows.")
        for name in PORTFOLIO_TABLES
    ],
    group_name=GROUP,
)
def portfolio_landing(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[Any]]:
    """Land portfolio.yaml as rows, so that SQL sees it."""
    is_new = land_portfolio(warehouse.connection, warehouse.portfolio)
    about: dict[str, Any] = {"parameters_hash": warehouse.portfolio.parameters_hash, "is_new": is_new}
    for name in PORTFOLIO_TABLES:
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=about)
