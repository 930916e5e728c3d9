"""The warehouse as a contestant: the models' own SQL, executed on the lake in one transaction."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "peers"), str(HERE.parent)]

from contest import FIRST_SESSION, LAST_SESSION, UNIVERSE, Answer, Contestant, main  # noqa: E402

from research.workbench import Models  # noqa: E402
from warehouse import landing  # noqa: E402
from warehouse.lake import Lake  # noqa: E402
from warehouse.settings.portfolio import FILE_NAME, load_portfolio  # noqa: E402
from warehouse.sources.files.source import FileOptions, FileSource  # noqa: E402
from warehouse.transformation.runner import Transformation  # noqa: E402
from warehouse.transformation.statements import WALKS, Statement, deepen  # noqa: E402

if TYPE_CHECKING:
    import duckdb

TARGETS = {"a": ("backtest_metrics",), "b": ("backtest_metrics", "walk_forward_metrics")}
ONE_STRATEGY = {"ema_fast": [20], "ema_slow": [50], "top_n": [2], "corr_cap": [0.7]}
until_exit = contextlib.ExitStack()  # keeps the lake attached between calls


@dataclass(frozen=True)
class Loaded:
    """An attached lake with bars, and the statements that are timed."""

    connection: duckdb.DuckDBPyConnection
    statements: list[Statement]


def load_lake(bars: Path, scope: str) -> Loaded:
    """Land bars and configuration, compile the models, and find how deep each session's walk goes.

    A daily run finds yesterday's depths in the lake, so that none of this is timed when warm; nor is loading the
    engine's extensions and attaching the lake, which a process does once.
    """
    home = Path(tempfile.mkdtemp(prefix="swing-bench-"))
    narrow = FileOptions(
        symbols=frozenset(UNIVERSE),
        start=date.fromisoformat(FIRST_SESSION),
        end=date.fromisoformat(LAST_SESSION),
    )
    source = FileSource([bars], narrow if scope in TARGETS else FileOptions())
    lake = Lake(home)
    with lake.lock():
        connection = until_exit.enter_context(lake.writer())
        landing.land_bars(connection, source)
        if scope not in TARGETS:
            symbols = connection.execute("SELECT DISTINCT symbol FROM landing.bar_versions ORDER BY symbol").fetchall()
            override = {"universe": [symbol for (symbol,) in symbols], "grid": ONE_STRATEGY}
            (home / FILE_NAME).write_text(yaml.safe_dump(override), encoding="utf-8")
        landing.land_portfolio(connection, load_portfolio(home))
        transformation = Transformation(lake)
        goals = TARGETS.get(scope, ("backtest_metrics",))
        statements = transformation.statements([f"+{goal}" for goal in goals])
        for statement in statements:
            connection.execute(statement.sql)
            if statement.relation == WALKS:
                deepen(connection, Models.of(lake).deepening)
    return Loaded(connection, [item for item in statements if item.relation != "bars"])


def solve(loaded: Loaded, scope: str) -> Answer:
    """Build every relation of the scope in one transaction, then read the answer."""
    connection = loaded.connection
    connection.execute("BEGIN")
    for statement in loaded.statements:
        connection.execute(statement.sql)
    connection.execute("COMMIT")
    net = connection.execute(
        "SELECT net_return FROM backtest_returns JOIN strategies USING (strategy_id) "
        "WHERE grid_order IS NOT NULL ORDER BY session_date, grid_order"
    ).fetchnumpy()["net_return"]
    strategies = connection.execute("SELECT count(*) FROM strategies WHERE grid_order IS NOT NULL").fetchone()
    net = net.reshape(-1, strategies[0])
    if scope != "b":
        return Answer(net)
    winners = connection.execute(
        "SELECT grid_order - 1 AS winner FROM walk_forward_folds JOIN strategies USING (strategy_id) ORDER BY fold_id"
    ).fetchnumpy()["winner"]
    spliced = connection.execute(
        "SELECT coalesce(net_return, 0.0) AS net_return FROM sessions "
        "LEFT JOIN walk_forward_daily USING (scenario_id, session_date) ORDER BY session_date"
    ).fetchnumpy()["net_return"]
    return Answer(net, np.asarray(winners), np.asarray(spliced))


if __name__ == "__main__":
    main(
        Contestant(
            "swing",
            ("swing-portfolio", "duckdb", "dbt-core"),
            solve,
            load=load_lake,
            note="every relation written to the lake, metrics included",
        )
    )
