"""The gates over any bars, in memory: what they find, and how much of what was planted."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from warehouse.lake import scratch
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import FILE_NAME, load_portfolio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    from planted_faults import Planted

    from warehouse.transformation.statements import Statement

RELATIONS = (
    "source_bars",
    "source_series",
    "source_comparisons",
    "source_agreements",
    "source_differences",
    "renaming_seams",
    "bar_segments",
    "bars",
    "stg_bars",
    "sessions",
    "gates",
    "bar_measures",
    "bar_findings",
    "moves_apart",
    "missed_dividends",
    "bar_verdicts",
)
SOURCES = ("tiingo", "alpaca")
"""Two sources, the better one first."""
LATENCY = pd.Timedelta(days=7)
"""A fault is found if a verdict on its symbol stands at its session or within a week after it."""


@dataclass(frozen=True)
class Judge:
    """The models of the gates, ready to judge frames of bars over one universe.

    Attributes:
        connection: A scratch database with the universe and the exchange's sessions.
        statements: The models, in the order to execute them.
    """

    connection: duckdb.DuckDBPyConnection
    statements: Sequence[Statement] = field(repr=False)

    @classmethod
    @contextlib.contextmanager
    def of(cls, statements: Sequence[Statement], bars: pd.DataFrame) -> Iterator[Judge]:
        """Open a scratch database for the symbols and sessions of some bars."""
        with tempfile.TemporaryDirectory() as home, scratch() as connection:
            universe = yaml.safe_dump({"universe": sorted(bars["symbol"].unique().tolist())})
            Path(home, FILE_NAME).write_text(universe, encoding="utf-8")
            land_portfolio(connection, load_portfolio(Path(home)))
            connection.register("frame", bars)
            connection.execute(
                "INSERT INTO landing.exchange_sessions SELECT DISTINCT session_date::DATE FROM frame ORDER BY ALL"
            )
            yield cls(connection, [each for each in statements if each.relation in RELATIONS])

    def verdicts(self, bars: pd.DataFrame, second: pd.DataFrame | None = None) -> pd.DataFrame:
        """Judge bars, beside those of a second source: symbol, session_date, code, severity, value, is_certain."""
        self.connection.execute("DELETE FROM landing.bar_versions")
        for source, frame in zip(SOURCES, (bars, second), strict=True):
            if frame is not None:
                self.connection.register("frame", frame)
                self.connection.execute(
                    "INSERT INTO landing.bar_versions BY NAME SELECT *, ? AS source, true AS is_final, 1 AS batch_id, "
                    "now() AS ingested_at FROM frame",
                    [source],
                )
        for statement in self.statements:
            self.connection.execute(statement.sql)
        return self.connection.execute(
            "SELECT symbol, session_date, code, severity, value, is_certain FROM bar_verdicts JOIN gates USING (code)"
        ).df()


def found(planted: Planted, verdicts: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return the planted faults with `is_found` and `is_certain`: a verdict that the true bars did not have."""
    keys = ["symbol", "session_date", "code"]
    new = verdicts.merge(before[keys], on=keys, how="left", indicator=True)
    new = new[new["_merge"] == "left_only"].drop(columns="_merge")
    faults: pd.DataFrame = planted.faults[planted.faults["size"].notna()].reset_index(drop=True)
    faults["session_date"] = pd.to_datetime(faults["session_date"])
    pairs = faults.reset_index().merge(new, on="symbol", suffixes=("", "_found"))
    delay = pd.to_datetime(pairs["session_date_found"]) - pairs["session_date"]
    hits = pairs[(delay >= pd.Timedelta(0)) & (delay <= LATENCY)]
    faults["is_found"] = faults.index.isin(hits["index"])
    faults["is_certain"] = faults.index.isin(hits.loc[hits["is_certain"], "index"])
    return faults
