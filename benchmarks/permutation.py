"""Times the permutation test: bars to p-value for 200 worlds, 81 strategies, three years, beside the peers.

Every contestant gets the same permuted worlds; what it must agree on is each world's best Calmar ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path[:0] = [str(HERE / "peers")]

from contest import FIRST_SESSION, LAST_SESSION, UNIVERSE  # noqa: E402 - the path must be there first

from research.permutation.experiment import Design, PermutationTest  # noqa: E402
from research.workbench import Bench, Models  # noqa: E402
from warehouse import landing  # noqa: E402
from warehouse.lake import Lake  # noqa: E402
from warehouse.settings.portfolio import load_portfolio  # noqa: E402
from warehouse.sources.base import silent  # noqa: E402
from warehouse.sources.files.source import FileOptions, FileSource  # noqa: E402

PEERS = PROJECT / ".venv-bench/bin/python"
CONTESTANTS = ("kernel", "vectorbt")
PRICES = ("adjusted_high", "adjusted_low", "adjusted_close", "close")


def main() -> None:
    """Measure, compare, print one line of JSON a contestant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=Path, default=PROJECT.parent / "shared/data/etf_daily.parquet")
    parser.add_argument("--runs", type=int, default=200, help="permuted worlds")
    parser.add_argument("--peers", type=Path, default=PEERS, help="their interpreter")
    options = parser.parse_args()
    if not options.bars.exists():
        print(f"Benchmark skipped: no bars at {options.bars}. Name a Parquet file with --bars.")
        return
    with tempfile.TemporaryDirectory() as folder:
        lake = land(options.bars, Path(folder) / "home")
        models = Models.of(lake)
        started, working = time.perf_counter(), time.process_time()
        test = PermutationTest.of(bench(lake, models), Design())
        test.run(lake, range(options.runs + 1), silent)
        result = test.result(lake, options.runs)
        seconds, work = time.perf_counter() - started, time.process_time() - working
        best = np.array([each.best for each in (result.real, *result.permuted)], dtype=float)
        said = {"name": "swing", "seconds": round(seconds, 2), "processor_seconds": round(work, 2)}
        print(json.dumps(said | {"p": result.best_p, "load": os.getloadavg()[0], "cores": os.cpu_count()}), flush=True)
        if not options.peers.exists():
            print(f"The peers are left out: there is no {options.peers}; `make bench` makes it.")
            return
        worlds = Path(folder) / "worlds.npz"
        np.savez(worlds, **arrays(test, options.runs), best=best)
        for name in CONTESTANTS:
            script = HERE / "peers" / "permuted_worlds.py"
            subprocess.run([options.peers, script, name, worlds], check=True)


def land(bars: Path, home: Path) -> Lake:
    """Land the bars of the default universe."""
    lake = Lake(home)
    narrow = FileOptions(symbols=frozenset(UNIVERSE))
    with lake.lock(), lake.writer() as connection:
        landing.land_bars(connection, FileSource([bars], narrow))
    return lake


def bench(lake: Lake, models: Models) -> Bench:
    """Read the bars of the years that every benchmark is about."""
    with lake.reader() as connection:
        rows = connection.execute("FROM landing.bar_versions").to_arrow_table()
    days = pc.field("session_date").cast("string")
    return Bench(models, load_portfolio(lake.home), rows.filter((days >= FIRST_SESSION) & (days <= LAST_SESSION)))


def arrays(test: PermutationTest, runs: int) -> dict[str, np.ndarray]:
    """Lay the worlds out for who works on arrays: worlds by sessions by symbols."""
    shape = (len(test.world.symbols), len(test.world.sessions))
    staged = [test.world.scenarios(test.seed, [number]) for number in range(runs + 1)]
    prices = {name: np.stack([world[name].to_numpy().reshape(shape).T for world in staged]) for name in PRICES}
    return prices | {
        "sessions": test.world.sessions.astype("datetime64[ns]"),
        "symbols": np.array(test.world.symbols),
        "first": np.searchsorted(test.world.sessions, np.datetime64(test.window.start)),
    }


if __name__ == "__main__":
    main()
