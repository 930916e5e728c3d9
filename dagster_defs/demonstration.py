"""The demonstration: the sample market through the same assets that production uses."""

from __future__ import annotations

from pathlib import Path

from dagster_defs import jobs, summaries, terminal
from dagster_defs.resources import home
from warehouse import readers
from warehouse.lake import Lake

ROWS = readers.Question(
    """
    SELECT
        (SELECT count(*) FROM bars) AS bars, (SELECT count(*) FROM features) AS features,
        (SELECT count(*) FROM emas) AS emas, (SELECT count(*) FROM correlations) AS correlations,
        (SELECT count(*) FROM target_weights) AS target_weights,
        (SELECT count(*) FROM backtest_daily) AS backtest_daily,
        (SELECT count(*) FROM walk_forward_daily) AS walk_forward_daily
    """
)


def run() -> None:
    """Run everything and show it."""
    lake, reports = Lake(home()), home() / "reports"
    with terminal.progress("Running the whole pipeline") as report:
        result = jobs.run(
            "everything",
            {
                "bars_landing": {"source": "synthetic"},
                "backtest_report": {"folder": str(reports)},
                "walk_forward_report": {"folder": str(reports)},
            },
            report,
        )
    landed = jobs.metadata(result, ["landing", "bar_versions"])
    _say("1. Bars: the embedded sample market (made up, the same on every machine)")
    _say(f"   {landed['first_session']} to {landed['last_session']}, {landed['read']:,} rows read")
    fresh = landed["new"] + landed["changed"]
    _say(
        f"   landed {fresh:,} bars" if fresh else f"   nothing new: all {landed['unchanged']:,} bars were there already"
    )
    counts = readers.ask(lake, ROWS).iloc[0]
    _say("   rows: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + "\n")
    _say("2. What the strategy would hold tonight")
    summaries.show_targets(lake)
    _say("\n3. What it would have earned")
    summaries.show_metrics(lake, readers.LIVE_METRICS, "Backtest of the live strategy, after costs")
    summaries.show_folds(lake)
    summaries.show_metrics(lake, readers.WALK_FORWARD_METRICS, "Walk-forward, out of sample, after costs")
    _say("\n4. Look at it")
    for picture in sorted(reports.glob("*.png")):
        _say(f"   {_short(picture)}")
    _say(f"   the Dagster UI:  SWING_HOME={_short(home())} make dev")
    _say(f'   SQL:             SWING_HOME={_short(home())} .venv/bin/swing sql "from live_targets"')
    _say("\n5. What next: your own bars")
    _say("   .venv/bin/swing init")
    _say("   .venv/bin/swing fetch --source files FOLDER_OR_FILE")
    _say("   .venv/bin/swing backtest && .venv/bin/swing walkforward && .venv/bin/swing weights")


def _say(line: str) -> None:
    terminal.out.print(line, markup=False)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
