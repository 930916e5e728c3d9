"""A market driven through the real `swing`, once for all tests that look at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from generations import fingerprint

from warehouse.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Mapping

SWING = Path(sys.executable).with_name("swing")
NARROW = "universe: [GLD, IEF, TLT]\n"
BROKEN_BAR = """
INSERT INTO landing.bar_versions
SELECT * REPLACE (-1.0 AS close, batch_id + 1 AS batch_id) FROM landing.bar_versions
WHERE symbol = 'SPY' ORDER BY session_date DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Swing:
    """The installed command, on a home of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a user's shell would hold."""
        return dict(os.environ) | {"SWING_HOME": str(self.home)}

    @property
    def lake(self) -> Lake:
        """The lake that it works on."""
        return Lake(self.home)

    def __call__(self, *arguments: str) -> Said:
        """Run `swing` beside its home, as a user would, and wait for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [SWING, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Market:
    """The sample market, and what was said while it came to be.

    Attributes:
        swing: Runs further commands on it; its reports are in `reports` beside its home.
        said: By step: init, fetch, again, narrow, backtest, broken, walkforward.
        intact: Whether the readers saw the same before and after the step `broken`.
    """

    swing: Swing
    said: Mapping[str, Said]
    intact: bool


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Land the sample market, compute it for two universes, with a broken bar, and walk forward."""
    swing = Swing(tmp_path_factory.mktemp("market") / "home")
    said = {"init": swing("init")}
    said["fetch"] = swing("fetch", "--source", "synthetic")
    said["again"] = swing("fetch", "--source", "synthetic", "--json")
    settings = swing.home / "portfolio.yaml"
    template = settings.read_text(encoding="utf-8")
    settings.write_text(NARROW, encoding="utf-8")
    said["narrow"] = swing("backtest", "--reports", "narrow", "--json")
    settings.write_text(template, encoding="utf-8")
    said["backtest"] = swing("backtest")
    before = _seen(swing.lake)
    _write(swing.lake, BROKEN_BAR)
    said["broken"] = swing("backtest")
    _write(swing.lake, "DELETE FROM landing.bar_versions WHERE close < 0")
    intact = _seen(swing.lake) == before
    said["walkforward"] = swing("walkforward", "--json")
    return Market(swing, said, intact)


def _seen(lake: Lake) -> dict[str, str]:
    with lake.reader() as connection:
        return fingerprint(connection)


def _write(lake: Lake, statement: str) -> None:
    with lake.lock(), lake.writer() as connection:
        connection.execute(statement)
