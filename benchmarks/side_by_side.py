"""Runs every contestant in processes of its own, one after another, and writes the table.

Scopes: a = features and the backtest of all 81 strategies, b = the same and the walk-forward,
both over the default universe 2015-2024; c71 = all the bars there are; c1000 = 1,000 symbols
(see worlds.py), both for the live strategy alone; d = the jobs `daily` and `trade` as whole processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from report import markdown
from worlds import replicate

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
PEERS = PROJECT / ".venv-bench/bin/python"
SWING = PROJECT / ".venv/bin/python"


@dataclass(frozen=True)
class Entry:
    """A contestant: the interpreter, its script with arguments, where it runs, and how often."""

    python: Path
    script: tuple[str, ...]
    scopes: tuple[str, ...] = ("a", "b")
    repeats: int = 7


ENTRIES = (
    Entry(SWING, ("swing.py",), ("a", "b", "c71")),
    Entry(SWING, ("swing.py",), ("c1000",), repeats=1),
    Entry(PEERS, ("peers/with_vectorbt.py", "numba")),
    Entry(PEERS, ("peers/with_vectorbt.py", "rust")),
    Entry(PEERS, ("peers/with_bt.py",), ("a",), repeats=1),
    Entry(PEERS, ("peers/plain_pandas.py",)),
    Entry(PEERS, ("peers/compiled_kernel.py",), ("a", "b", "c71")),
    Entry(SWING, ("daily.py",), ("d",), repeats=3),
    Entry(SWING, ("daily.py", "floor"), ("d",), repeats=3),
    Entry(SWING, ("daily.py", "trade"), ("d",), repeats=3),
)


def main() -> None:
    """Measure what the command line asks for and write results/<date>-<machine>.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=Path, default=PROJECT.parent / "shared/data/etf_daily.parquet")
    parser.add_argument("--scopes", default="a,b,c71,c1000,d", help="default: %(default)s")
    parser.add_argument("--only", default="", help="run the scripts whose name contains this")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    if not options.bars.exists():
        print(f"Benchmark skipped: no bars at {options.bars}. Name a Parquet file with --bars.")
        return
    scopes = options.scopes.split(",")
    entries = [entry for entry in ENTRIES if options.only in entry.script[0] and is_there(entry)]
    with tempfile.TemporaryDirectory() as folder:
        bars = dict.fromkeys(scopes, options.bars)
        if "c1000" in bars and any("c1000" in entry.scopes for entry in entries):
            print("Making a market of 1,000 symbols …", flush=True)
            bars["c1000"] = Path(folder) / "symbols"
            replicate(options.bars, bars["c1000"], 1000)
        results = {
            "machine": machine(),
            "commit": commit(),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "scopes": {scope: run_scope(scope, path, entries) for scope, path in bars.items()},
        }
    write(results, options.results)


def is_there(entry: Entry) -> bool:
    """Tell whether a contestant's script and interpreter exist, and say so if not."""
    missing = [path for path in (HERE / entry.script[0], entry.python) if not path.exists()]
    for path in missing:
        print(f"{entry.script[0]} is left out: there is no {path}.")
    return not missing


def run_scope(scope: str, bars: Path, entries: list[Entry]) -> list[dict[str, Any]]:
    """Run the entries of a scope one after another; return their figures with differences."""
    figures: list[dict[str, Any]] = []
    answers: dict[str, dict[str, np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for entry in (entry for entry in entries if scope in entry.scopes):
            print(f"{scope}: {' '.join(entry.script)} …", flush=True)
            output = Path(folder) / f"{len(figures)}.npz"
            figures.append(run_entry(entry, ("--scope", scope, "--bars", str(bars)), output))
            with np.load(output) as arrays:
                answers[figures[-1]["name"]] = dict(arrays)
    for figure in figures:
        mine = answers.pop(figure["name"])
        figure["differences"] = {name: differences(mine, answers[name]) for name in answers}
        answers[figure["name"]] = mine
    return figures


def run_entry(entry: Entry, arguments: tuple[str, ...], output: Path) -> dict[str, Any]:
    """Run one contestant twice: with an empty compile cache, then with the filled one."""
    with tempfile.TemporaryDirectory() as cache:
        command = [str(entry.python), str(HERE / entry.script[0]), *entry.script[1:], *arguments]
        measured = launch([*command, "--repeats", str(entry.repeats), "--output", str(output)], cache)
        again = launch([*command, "--repeats", "0"], cache)
    if measured["checksum"] != again["checksum"]:
        raise SystemExit(f"{' '.join(command)}: two runs, two answers; do not trust its figures.")
    return {**measured, "second_process_seconds": again["cold_seconds"]}


def launch(command: list[str], cache: str) -> dict[str, Any]:
    """Run a process to its end; return the line it printed, its wall time and peak memory."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    started = time.monotonic()
    command = [*command, "--started", repr(started)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        line = process.stdout.read().strip().rpartition("\n")[2] if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: failed with exit code {process.returncode}.")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {
        **json.loads(line),
        "process_seconds": time.monotonic() - started,
        "peak_megabytes": kilobytes / 1024,
    }


def differences(mine: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, float]:
    """Compare two answers: largest difference of a return, and how many fold winners differ."""
    found = {}
    for name in mine.keys() & other.keys():
        if mine[name].shape == other[name].shape:
            distance = np.abs(mine[name] - other[name])
            found[name] = float(np.count_nonzero(distance) if name == "winners" else np.nanmax(distance))
    return found


def machine() -> dict[str, Any]:
    """Describe this machine and how busy it was at the start."""
    model = platform.processor() or platform.machine()
    description = Path("/proc/cpuinfo")
    if description.exists():
        lines = description.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return {
        "class": f"{platform.system().lower()}-{platform.machine()}-{os.cpu_count()}cores",
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_average_at_start": os.getloadavg()[0],
    }


def commit() -> str:
    """Name the commit, and whether the tree differs from it."""
    described = subprocess.run(  # noqa: PLW1510 - a tree without git or commits is said below
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    return described.stdout.strip() or "unknown"


def write(results: dict[str, Any], folder: Path) -> None:
    """Write the figures as JSON and the newest of them as a Markdown table."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{results['measured_at'][:10]}-{results['machine']['class']}.json"
    (folder / name).write_text(json.dumps(results, indent=2) + "\n")
    table = markdown(results)
    (folder / "latest.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
