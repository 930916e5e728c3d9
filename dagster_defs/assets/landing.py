"""Bars and configuration, as they land."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_defs.resources import Warehouse
from execution.brokers import registry
from execution.installation import Installation
from execution.service import held_symbols
from warehouse.calendar.sessions import last_completed_session
from warehouse.errors import SourceError
from warehouse.landing import land_bars, land_portfolio
from warehouse.sources.base import BarSource, Progress
from warehouse.sources.files.source import FileOptions, FileSource
from warehouse.sources.synthetic import SyntheticSource

GROUP = "landing"
BAR_VERSIONS = dg.AssetKey(["landing", "bar_versions"])
QUARANTINED_BARS = dg.AssetKey(["record", "quarantined_bars"])
PORTFOLIO_TABLES = ("universe", "strategies", "settings")


class Fetch(dg.Config):
    """Where bars come from. Without a source, the run works on the bars that are there."""

    source: str = ""
    paths: list[str] = Field(default_factory=list)
    columns: dict[str, str] = Field(default_factory=dict)
    date_format: str = ""
    symbols: list[str] = Field(default_factory=list)
    start: str = ""
    end: str = ""

    def bar_source(self, installation: Installation) -> BarSource | None:
        """The source that is meant. Raises SourceError for one that does not exist."""
        match self.source:
            case "":
                return None
            case SyntheticSource.name:
                return SyntheticSource()
            case FileSource.name:
                return FileSource([Path(path) for path in self.paths], self._options())
            case name if name in registry.BROKERS:
                portfolio = installation.portfolio
                symbols = self.symbols or sorted({*portfolio.universe, *held_symbols(installation)})
                return registry.adapter(name).bars(installation.gateway, symbols, portfolio.broker.history)
        raise SourceError(
            f"There is no bar source '{self.source}'. Use one of: {FileSource.name}, {', '.join(registry.BROKERS)}, "
            f"{SyntheticSource.name}."
        )

    def _options(self) -> FileOptions:
        return FileOptions(
            columns=self.columns,
            date_format=self.date_format or None,
            symbols=frozenset(self.symbols) or None,
            start=date.fromisoformat(self.start) if self.start else None,
            end=date.fromisoformat(self.end) if self.end else None,
            final_until=last_completed_session(datetime.now(UTC)),
        )


@dg.multi_asset(
    name="bars_landing",
    specs=[
        dg.AssetSpec(BAR_VERSIONS, description="Every version of every bar, as it was landed."),
        dg.AssetSpec(QUARANTINED_BARS, description="Rows that are no bars, and why."),
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
    landed: dict[str, Any] = {name: str(value) if isinstance(value, date) else value for name, value in about.items()}
    yield dg.MaterializeResult(asset_key=BAR_VERSIONS, metadata=landed)
    yield dg.MaterializeResult(asset_key=QUARANTINED_BARS)


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
