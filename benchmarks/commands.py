"""Whole commands of `swing` as a person types them: seconds of a processor and of a clock, beside an earlier commit.

    commands.py                       this tree alone
    commands.py --against COMMIT      each command in both trees, in turn, on homes of their own

Both run in this environment, on the same bars of the default universe; the home is fetched and built by processes that
are not counted, so that a figure is of a cold process on a home that exists.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
UNIVERSE = "SPY,QQQ,VTI,TLT,IEF,GLD,XLE,BND,BITO"
COMMANDS = (
    ("weights",),
    ("sql", "from live_targets"),
    ("status",),
    ("backtest",),
    ("backtest", "--set", "strategy.top_n=1"),
)


def main() -> None:
    """Measure what the command line asks for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=Path, default=PROJECT.parent / "shared/data/etf_daily.parquet")
    parser.add_argument("--against", default="", help="a commit to measure beside this tree")
    parser.add_argument("--only", default="", help="the commands that begin so")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not options.bars.exists():
        print(f"Benchmark skipped: no bars at {options.bars}. Name a Parquet file with --bars.")
        return
    with tempfile.TemporaryDirectory() as folder:
        trees = {"today": PROJECT}
        if options.against:
            trees = {options.against: checked_out(options.against, Path(folder) / "tree")} | trees
        homes = {name: prepared(tree, Path(folder) / f"home-{name}", options.bars) for name, tree in trees.items()}
        print("| command | " + " | ".join(f"{name}, CPU s | {name}, s" for name in trees) + " |")
        print("|---|" + "---:|---:|" * len(trees))
        for command in (each for each in COMMANDS if " ".join(each).startswith(options.only)):
            figures: dict[str, list[tuple[float, float]]] = {name: [] for name in trees}
            for _ in range(options.repeats):
                for name, tree in trees.items():
                    figures[name].append(run(tree, homes[name], command))
            cells = [
                f"{statistics.median(column):.2f}" for each in figures.values() for column in zip(*each, strict=True)
            ]
            print(f"| `swing {' '.join(command)}` | " + " | ".join(cells) + " |", flush=True)


def checked_out(commit: str, folder: Path) -> Path:
    """Unpack a commit into a folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=PROJECT, check=True, capture_output=True)  # noqa: S607
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)  # noqa: S607
    return folder


def prepared(tree: Path, home: Path, bars: Path) -> Path:
    """Fetch and build a home."""
    home.mkdir()
    for command in (("fetch", "--source", "files", str(bars), "--symbols", UNIVERSE), ("backtest",)):
        run(tree, home, command)
    return home


def run(tree: Path, home: Path, command: tuple[str, ...]) -> tuple[float, float]:
    """Run a command to its end; return seconds of a processor and of the clock."""
    environment = {**os.environ, "SWING_HOME": str(home), "PYTHONPATH": str(tree)}
    started = time.monotonic()
    line = [sys.executable, "-m", "dagster_defs.cli.main", *command]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(line, cwd=tree, env=environment, text=True, **quiet) as process:
        said = process.stderr.read() if process.stderr else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"swing {' '.join(command)}: failed with exit code {process.returncode}.\n{said}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started


if __name__ == "__main__":
    main()
