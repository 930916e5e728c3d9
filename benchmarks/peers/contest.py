"""What every contestant shares: the bars, the clock, and the line of JSON it prints."""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNIVERSE = ("SPY", "QQQ", "VTI", "TLT", "IEF", "GLD", "XLE", "BND", "BITO")
FIRST_SESSION, LAST_SESSION = "2015-01-01", "2024-12-31"


@dataclass(frozen=True)
class Panel:
    """Bars as sessions by symbols (symbols ascending), NaN before a symbol's first bar.

    `high`, `low` and `close` are indicator prices (dividend-adjusted, USD); `traded_close` is
    the split-adjusted close that commissions are paid on (USD).
    """

    high: pd.DataFrame
    low: pd.DataFrame
    close: pd.DataFrame
    traded_close: pd.DataFrame


def load_panel(bars: Path, scope: str) -> Panel:
    """Read the bars of a scope: the default universe for a and b, everything else for c.

    Raises:
        SystemExit: a symbol misses a session after its first bar. Without such gaps the panel
            arithmetic of the peers equals arithmetic over each symbol's own bars.
    """
    wanted = [("symbol", "in", UNIVERSE)] if scope in {"a", "b"} else None
    frame = pd.read_parquet(bars, filters=wanted)
    frame["session_date"] = pd.to_datetime(frame["session_date"])
    if wanted:
        frame = frame[frame["session_date"].between(FIRST_SESSION, LAST_SESSION)]
    wide = frame.pivot(index="session_date", columns="symbol")  # noqa: PD010 - no duplicates here
    adjustment = wide["adj_close"] / wide["close"]
    lives = wide["close"].notna().to_numpy()
    if (lives[1:] < lives[:-1]).any():
        raise SystemExit(f"{bars}: a symbol misses a session after its first bar; leave it out.")
    return Panel(
        high=wide["high"] * adjustment,
        low=wide["low"] * adjustment,
        close=wide["adj_close"],
        traded_close=wide["close"],
    )


@dataclass(frozen=True)
class Answer:
    """What a contestant computes.

    `net` holds net returns, sessions by strategies in grid order, 0 before the first target;
    NaN for a strategy that was not measured. For the walk-forward, `winners` holds each fold's
    strategy (its grid order, from 0) and `out_of_sample` the net return of every session,
    0 before the first test window.
    """

    net: np.ndarray
    winners: np.ndarray | None = None
    out_of_sample: np.ndarray | None = None

    def parts(self) -> dict[str, np.ndarray]:
        """Return the arrays that there are, by name."""
        return {name: values for name, values in vars(self).items() if values is not None}

    def checksum(self) -> str:
        """Hash the values rounded to 1e-9: equal from run to run of the same code.

        Agreement between contestants is measured by the largest difference instead, because
        two values 1e-16 apart may round apart.
        """
        digest = hashlib.sha256()
        for name, values in self.parts().items():
            rounded = values.round(9) + 0.0  # adding zero turns -0.0 into 0.0
            digest.update(name.encode() + rounded.astype("<f8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Contestant:
    """How a contestant loads bars (untimed when warm), solves a scope, and what to know of it."""

    name: str
    packages: Sequence[str]
    solve: Callable[[Any, str], Answer]
    load: Callable[[Path, str], Any] = load_panel
    note: str = ""


def main(contestant: Contestant) -> None:
    """Run one contestant in this process and print its figures as one line of JSON.

    Times are in seconds: `cold_seconds` from the start of the process to the first answer
    (imports, reading, compilation), `warm_seconds` one for each further call on the same bars.
    """
    parser = argparse.ArgumentParser(description=f"Benchmark: {contestant.name}")
    parser.add_argument("--bars", type=Path, required=True, help="Parquet file of daily bars")
    parser.add_argument("--scope", required=True, help="a, b or c…: see side_by_side.py")
    parser.add_argument("--repeats", type=int, default=5, help="warm calls after the first")
    parser.add_argument("--output", type=Path, help="write the answer to this .npz file")
    parser.add_argument(
        "--started",
        type=float,
        default=time.monotonic(),
        help="the monotonic clock when this process was started; imports count from there",
    )
    options = parser.parse_args()

    before_load = time.monotonic()
    bars = contestant.load(options.bars, options.scope)
    clock = [time.monotonic()]
    for _ in range(1 + options.repeats):
        answer = contestant.solve(bars, options.scope)
        clock.append(time.monotonic())
    if options.output:
        np.savez(options.output, **answer.parts())
    print(
        json.dumps(
            {
                "name": contestant.name,
                "version": {name: version(name) for name in contestant.packages},
                "python": platform.python_version(),
                "cold_seconds": clock[1] - options.started,
                "load_seconds": clock[0] - before_load,
                "first_call_seconds": clock[1] - clock[0],
                "warm_seconds": np.diff(clock[1:]).tolist(),
                "strategies_measured": int((~np.isnan(answer.net)).all(axis=0).sum()),
                "strategies": answer.net.shape[1],
                "checksum": answer.checksum(),
                "note": contestant.note,
            }
        )
    )
