"""Bars and configuration, as they land."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_defs import sources
from dagster_defs.resources import Warehouse
from dagster_defs.sources import ALL
from execution.installation import Installation
from execution.service import held_symbols
from warehouse.calendar.sessions import last_completed_session
from warehouse.errors import SourceError
from warehouse.fetching import FetchPlan, fetch
from warehouse.landing import land_bars, land_portfolio
from warehouse.sources.base import BarSource, Progress
from warehouse.sources.files.bases import AdjustedBy
from warehouse.sources.files.numbers import Notation
from warehouse.sources.files.source import FileOptions, FileSource
from warehouse.sources.files.verdicts import FileVerdict
from warehouse.sources.registry import SOURCES, SourceKind
from warehouse.sources.synthetic import SyntheticSource
from warehouse.symbols import RULE, canonical

GROUP = "landing"
BAR_VERSIONS = dg.AssetKey(["landing", "bar_versions"])
QUARANTINED_BARS = dg.AssetKey(["record", "quarantined_bars"])
CORPORATE_ACTIONS = dg.AssetKey(["landing", "corporate_actions"])
PORTFOLIO_TABLES = ("universe", "strategies", "settings", "source_ranks", "symbol_changes")


class Fetch(dg.Config):
    """Where bars come from. Without a source, the run works on the bars that are there.

    A source is named as in the registry; `order` asks those of sources.order until one has the bars, `all` every one.
    """

    source: str = Field(
        default="",
        description="A source by its name; `order`: those of sources.order, `all`: each of them; empty: none.",
    )
    paths: list[str] = Field(default_factory=list, description="Files and folders of price bars, for the source files.")
    columns: dict[str, str] = Field(default_factory=dict, description="Our names of columns to those in the files.")
    symbol: str = Field(default="", description="Symbol of a file that names none.")
    date_format: str = Field(default="", description="Format of the files' dates, as strptime has it, or `epoch`.")
    decimal: str = Field(default="", description="Decimal sign in the files: a point or a comma.")
    thousands: str = Field(default="", description="Sign between thousands in the files.")
    no_header: bool = Field(default=False, description="The files' first line is a bar already.")
    sheet: str = Field(default="", description="Sheet of a workbook; empty for the only one.")
    adjusted_by: str = Field(default="", description="Adjustment of the closes in the files, where they do not say it.")
    symbols: list[str] = Field(
        default_factory=list, description="Symbols to fetch; empty for the universe and what is held."
    )
    start: str = Field(default="", description="First session to read from files, YYYY-MM-DD; empty for all.")
    end: str = Field(default="", description="Last session to read from files, YYYY-MM-DD; empty for all.")

    def batch(self) -> BarSource | None:
        """Make the source that is read as a whole; None if it is asked symbol by symbol."""
        match SOURCES[self.source].kind if self.source in SOURCES else None:
            case SourceKind.SAMPLE:
                return SyntheticSource()
            case SourceKind.FILES:
                return FileSource([Path(path) for path in self.paths], self._options())
        return None

    def plan(self, installation: Installation) -> FetchPlan:
        """Plan a fetch of the symbols named; without any, of the universe and of what is held."""
        portfolio = installation.portfolio
        symbols = [_one_form(symbol) for symbol in self.symbols] or [*portfolio.universe, *held_symbols(installation)]
        return FetchPlan(
            symbols=tuple(sorted(set(symbols))),
            now=_now(),
            patience=portfolio.sources.patience,
            asks_all=self.source == ALL,
        )

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
            final_until=last_completed_session(_now()),
        )

    def _notation(self) -> Notation | None:
        if not self.decimal and not self.thousands:
            return None
        decimal = self.decimal or ("," if self.thousands == "." else ".")
        return Notation(decimal, self.thousands or ("." if decimal == "," else ","))


def _now() -> datetime:
    return datetime.now(UTC)


def _one_form(symbol: str) -> str:
    form = canonical(symbol)
    if form is None:
        raise SourceError(f"{symbol!r} is no symbol: allowed is {RULE}.")
    return form


@dg.multi_asset(
    name="bars_landing",
    specs=[
        dg.AssetSpec(BAR_VERSIONS, description="Every version of every bar, as it was landed."),
        dg.AssetSpec(QUARANTINED_BARS, description="Rejected rows, and why."),
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
    about: dict[str, Any] = {"note": "no source was named: the run uses the bars landed before"}
    if config.source:
        about = _landed(config, warehouse, installation, progress)
    # By what is there, so that landing nothing new makes nothing downstream look out of date.
    stored = warehouse.connection.execute("SELECT max(batch_id), count(*) FROM landing.bar_versions").fetchall()[0]
    version = dg.DataVersion("-".join(map(str, stored)))
    told = json.loads(json.dumps(about, default=str))
    yield dg.MaterializeResult(asset_key=BAR_VERSIONS, metadata=told, data_version=version)
    yield dg.MaterializeResult(asset_key=QUARANTINED_BARS)
    yield dg.MaterializeResult(asset_key=CORPORATE_ACTIONS)


def _landed(config: Fetch, warehouse: Warehouse, installation: Installation, progress: Progress) -> dict[str, Any]:
    if batch := config.batch():
        about = asdict(land_bars(warehouse.connection, batch, progress)) | {"failures": {}}
        if isinstance(batch, FileSource):
            about |= _told(batch.verdicts, installation.portfolio.universe)
        return about
    names, plan = sources.chosen(config.source, installation.portfolio.sources), config.plan(installation)
    asked = sources.made(names, installation, warehouse.connection, plan.now.date())
    fetched = fetch(warehouse.connection, asked, plan, progress)
    return asdict(fetched.total) | {
        "sources": {name: asdict(landed) for name, landed in fetched.landed.items()},
        "coverage": [asdict(each) for each in fetched.coverage],
        "failures": fetched.failures,
        "notes": fetched.notes,
    }


def _told(verdicts: Sequence[FileVerdict], universe: Sequence[str]) -> dict[str, Any]:
    """Return the verdicts as JSON has them, and the symbols that the portfolio does not know."""
    files = [
        asdict(verdict)
        | {"first": str(verdict.first), "last": str(verdict.last), "notes": list(verdict.notes)}
        | {"splits": {str(day): ratio for day, ratio in (verdict.splits or {}).items()}}
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
    version = dg.DataVersion(warehouse.portfolio.parameters_hash)
    for name in PORTFOLIO_TABLES:
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=about, data_version=version)
