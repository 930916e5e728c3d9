"""A whole process: the job `daily` through Dagster from a cold start, and the floor under it.

    daily.py         imports, definitions, landing nothing new, every model and gate, one published snapshot
    daily.py floor   what Dagster and dbt cost before they do anything: imports, the instance, one empty asset,
                     one parse of the unchanged dbt project
    daily.py trade   the scheduled rebalance: bars over the wire, every target and gate, plan, orders, fills

The bars are landed, and the project parsed, by an earlier process, and simulated gateways run in others; that time is
not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "peers"), str(HERE.parent)]

from execution.simulator.process import simulated_gateway  # noqa: E402 - the path must be there first

NAMES = {
    "daily": "swing, job daily",
    "floor": "floor of Dagster and dbt",
    "trade": "swing, scheduled rebalance over the wire",
}
SCHEDULED = "broker: {is_source_of_bars: true}\ntrading: {scheduled_mode: paper}\n"
EVENING, TRADED = "2024-12-30T16:30:00", "2024-12-31T15:55:05"
PACKAGES = ("swing-portfolio", "dagster", "dbt-core", "dbt-duckdb")


def main() -> None:
    """Prepare a lake in other processes, then run the day in this one and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["daily", "floor", "trade"], default="daily")
    parser.add_argument("--bars", type=Path, required=True)
    parser.add_argument("--scope", required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--started", type=float, default=time.monotonic())
    options = parser.parse_args()
    begun = time.monotonic()
    is_trading = options.what == "trade"
    with contextlib.ExitStack() as running:
        ports = []
        if is_trading:
            ports = [running.enter_context(gateway(options.bars, TRADED)) for _ in range(1 + options.repeats)]
            home = running.enter_context(fetched(options.bars))
        else:
            home = prepared(options.bars)
        os.environ["SWING_HOME"] = home
        measure(options, ports, options.started + time.monotonic() - begun)


def measure(options: argparse.Namespace, ports: list[int], started: float) -> None:
    """Run the day as often as asked for, and print its figures."""
    what = options.what
    day = {"daily": daily, "floor": floor, "trade": lambda: trade(ports)}[what]()
    clock = [time.monotonic()]
    for _ in range(1 + options.repeats):
        day()
        clock.append(time.monotonic())
    net = answer()

    import numpy as np  # noqa: PLC0415 - every import counts, so each is made where it is needed
    from contest import Answer  # noqa: PLC0415

    if options.output:
        np.savez(options.output, net=net)
    print(
        json.dumps(
            {
                "name": NAMES[what],
                "version": {name: version(name) for name in PACKAGES},
                "python": platform.python_version(),
                "cold_seconds": clock[1] - started,
                "warm_seconds": np.diff(clock[1:]).tolist(),
                "strategies_measured": net.shape[1],
                "strategies": net.shape[1],
                "checksum": Answer(net).checksum(),
                "note": "",
            }
        )
    )


def prepared(bars: Path) -> str:
    """A lake that yesterday's run left behind, made by other processes."""
    home = tempfile.mkdtemp(prefix="swing-daily-")
    environment = {**os.environ, "SWING_HOME": home}
    swing = [sys.executable, "-m", "dagster_defs.cli.main"]
    for command in (
        ["fetch", "--source", "files", str(bars), "--start", "2015-01-01", "--end", "2024-12-31"],
        ["backtest", "--reports", f"{home}/reports"],
    ):
        subprocess.run([*swing, *command], env=environment, cwd=HERE.parent, check=True, capture_output=True)
    return home


def gateway(bars: Path, clock: str) -> contextlib.AbstractContextManager[int]:
    """A simulated gateway whose clock waits for the day that is measured; gives its port."""
    return simulated_gateway("--bars", str(bars), "--clock", clock, "--speed", "0")


@contextlib.contextmanager
def fetched(bars: Path) -> Iterator[str]:
    """A lake whose bars came from a gateway the evening before."""
    home = tempfile.mkdtemp(prefix="swing-daily-")
    Path(home, "portfolio.yaml").write_text(SCHEDULED, encoding="utf-8")
    swing = [sys.executable, "-m", "dagster_defs.cli.main"]
    with gateway(bars, EVENING) as port:
        environment = {**os.environ, "SWING_HOME": home, "IB_PORT": str(port)}
        for command in (["fetch", "--source", "ibkr"], ["backtest", "--reports", f"{home}/reports"]):
            subprocess.run([*swing, *command], env=environment, cwd=HERE.parent, check=True, capture_output=True)
    yield home


def trade(ports: list[int]) -> Any:  # noqa: ANN401 - a callable, or an array of a library imported late
    """The job as the schedule runs it, each time with an account and a ledger of its own."""
    from dagster_defs.environment import prepare_environment  # noqa: PLC0415

    here = prepare_environment()
    from dagster_defs import jobs  # noqa: PLC0415
    from warehouse.sources.base import silent  # noqa: PLC0415

    left = iter(ports)

    def day() -> None:
        port = next(left)
        os.environ |= {"IB_PORT": str(port), "SWING_LEDGER": f"sqlite:///{here.home}/ledger-{port}.sqlite"}
        rebalance = {"mode": "paper", "is_gateway_clock": True}
        result = jobs.run(here, "trade", {"bars_landing": {"source": "ibkr"}, "rebalance": rebalance}, silent)
        if not jobs.metadata(result, "rebalance")["orders"]:
            raise SystemExit("The rebalance sent no order, so it measured nothing.")

    return day


def daily() -> Any:  # noqa: ANN401 - a callable, or an array of a library imported late
    """The job as the schedule runs it."""
    from dagster_defs.environment import prepare_environment  # noqa: PLC0415

    here = prepare_environment()
    from dagster_defs import jobs  # noqa: PLC0415
    from warehouse.sources.base import silent  # noqa: PLC0415

    return lambda: jobs.run(here, "daily", {}, silent)


def floor() -> Any:  # noqa: ANN401 - a callable, or an array of a library imported late
    """An empty asset on the same instance, and a parse of the same project."""
    from dagster_defs.environment import prepare_environment  # noqa: PLC0415

    here = prepare_environment()
    import dagster as dg  # noqa: PLC0415
    import dagster_dbt  # noqa: F401, PLC0415

    from warehouse.transformation import compiler  # noqa: PLC0415

    @dg.asset
    def nothing() -> None:
        """Do nothing."""

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

    def day() -> None:
        compiler.parse(here.lake)
        with dg.DagsterInstance.get() as instance:
            dg.materialize([nothing], instance=instance, run_config=quiet)

    return day


def answer() -> Any:  # noqa: ANN401 - a callable, or an array of a library imported late
    """Every strategy's net returns, as the contestants report them."""
    from dagster_defs.environment import installation  # noqa: PLC0415

    with installation().lake.reader() as connection:
        net = connection.execute(
            "SELECT net_return FROM backtest_returns JOIN strategies USING (strategy_id) "
            "ORDER BY session_date, grid_order"
        ).fetchnumpy()["net_return"]
    return net.reshape(-1, 81)


if __name__ == "__main__":
    main()
