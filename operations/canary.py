"""A canary: another checkout of the program decides on a copy of the same home, beside this one, before it may trade.

Each works in a copy of its own, by its own interpreter, and reaches neither the gateway nor the ledger in use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from execution.preview import preview
from execution.service import open_ledger
from execution.targets import read_targets
from operations.backup import back_up, restore
from operations.errors import CanaryError
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from execution.installation import Installation

PROJECT = Path(__file__).parent.parent
COMMAND = "dagster_defs.cli.main"
STEPS = (("backtest",), ("preview", "--json"))
"""What each checkout does in its copy: build the targets anew, then plan."""
PATIENCE_SECONDS = 1800
LAST_WORDS = 600


@dataclass(frozen=True, slots=True)
class Comparison:
    """One symbol as both programs decide; weights as texts, orders as side and shares; empty for none."""

    symbol: str
    target_now: str
    target_then: str
    order_now: str
    order_then: str

    @property
    def is_same(self) -> bool:
        """True if both decide alike."""
        return (self.target_now, self.order_now) == (self.target_then, self.order_then)


@dataclass(frozen=True, slots=True)
class Canary:
    """Two decisions, side by side.

    Attributes:
        now: Version of this program.
        then: Version of the other.
        snapshot: Of the warehouse that both began with.
        other: What else differs: the session, the equity planned with, the refusals.
    """

    now: str
    then: str
    snapshot: int | None
    lines: tuple[Comparison, ...]
    other: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """True if nothing differs."""
        return not self.other and all(line.is_same for line in self.lines)


def decision_of(installation: Installation, now: datetime) -> dict[str, Any]:
    """Return the targets and the plan of the next rebalance as plain values; no broker is asked, nothing recorded.

    Raises:
        TradeRefusedError: There are no targets.
        SwingError: Warehouse, ledger or configuration cannot be read.
    """
    targets = read_targets(installation.lake)
    with open_ledger(installation) as ledger:
        found = preview(installation.portfolio, targets, ledger, now)
    plan = found.plan
    return {
        "code_version": code_version(),
        "session": found.window.session_date.isoformat(),
        "targets_session": targets.session_date.isoformat(),
        "equity": str(plan.equity),
        "targets": {symbol: f"{weight:.10f}" for symbol, weight in sorted(targets.weights.items())},
        "orders": {order.symbol: f"{order.side} {order.quantity:f}" for order in plan.orders},
        "refusals": sorted(f"{each.code} {each.symbol}".strip() for each in plan.refusals),
    }


def compare(installation: Installation, checkout: Path, variables: Mapping[str, str], now: datetime) -> Canary:
    """Let this program and another checkout decide on copies of the same home.

    Args:
        installation: What is copied.
        checkout: Folder of the other program, with its environment in .venv.
        variables: Environment of both, without what leads to the gateway and the ledger in use.
        now: The time, aware.

    Raises:
        CanaryError: There is no checkout with an interpreter, or one of them cannot decide.
        SwingError: The home cannot be copied.
    """
    interpreter = checkout / ".venv" / "bin" / "python"
    if not interpreter.exists() or not (checkout / "dagster_defs").is_dir():
        raise CanaryError(f"{checkout} is no checkout with an environment: run `make setup` there, then start again.")
    with tempfile.TemporaryDirectory(prefix="swing-canary-") as folder:
        archive, contents = back_up(installation, Path(folder), now)
        found = {}
        for name, python, code in (("now", Path(sys.executable), PROJECT), ("then", interpreter, checkout)):
            restore(archive, Path(folder) / name)
            found[name] = _decided(python, code, {**variables, "SWING_HOME": str(Path(folder) / name)})
    return difference(found["now"], found["then"], contents.snapshot)


def difference(now: Mapping[str, Any], then: Mapping[str, Any], snapshot: int | None) -> Canary:
    """Compare two decisions as `decision_of` states them."""
    symbols = sorted({*now["targets"], *then["targets"], *now["orders"], *then["orders"]})
    lines = tuple(
        Comparison(symbol, *(each[part].get(symbol, "") for part in ("targets", "orders") for each in (now, then)))
        for symbol in symbols
    )
    other = tuple(
        f"{name.replace('_', ' ')}: {now[name]} → {then[name]}"
        for name in ("session", "targets_session", "equity", "refusals")
        if now[name] != then[name]
    )
    return Canary(now["code_version"], then["code_version"], snapshot, lines, other)


def _decided(python: Path, code: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Let a checkout build and plan in a copy of the home. Raises CanaryError."""
    said = ""
    for step in STEPS:
        try:
            done = subprocess.run(  # noqa: S603 - a checkout that the caller names, and means to trade with
                [str(python), "-m", COMMAND, *step],
                cwd=code,
                env={**variables, "PYTHONPATH": str(code)},
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CanaryError(f"{code} could not run `swing {' '.join(step)}`: {error}.") from error
        if done.returncode:
            last = done.stderr.strip()[-LAST_WORDS:]
            raise CanaryError(f"{code} could not run `swing {' '.join(step)}` (exit code {done.returncode}): {last}")
        said = done.stdout
    return dict(json.loads(said))
