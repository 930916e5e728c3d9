"""A market driven through the real `swing`, once for all tests that look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from command_line import Said, Swing
from generations import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warehouse.lake import Lake

NARROW = "universe: [GLD, IEF, TLT]\n"
BROKEN_BAR = """
INSERT INTO landing.bar_versions
SELECT * REPLACE (-1.0 AS close, batch_id + 1 AS batch_id) FROM landing.bar_versions
WHERE symbol = 'SPY' ORDER BY session_date DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Market:
    """The sample market, and what was said while it came to be.

    Attributes:
        swing: Runs further commands on it; its reports are in `reports` in its home.
        said: By step: init, fetch, again, narrow, backtest, broken, walkforward.
        intact: Whether the readers saw the same before and after the step `broken`.
    """

    swing: Swing
    said: Mapping[str, Said]
    intact: bool

    def rows(self, query: str, snapshot: int | None = None) -> list[dict[str, Any]]:
        """Read the lake without the command, to compare with what that says."""
        with self.swing.lake.reader(snapshot) as connection:
            rows: list[dict[str, Any]] = connection.execute(query).to_arrow_table().to_pylist()
        return rows

    @property
    def narrow_snapshot(self) -> int:
        """The snapshot that the backtest of the narrow universe left."""
        runs = self.rows("FROM runs WHERE kind = 'backtest' ORDER BY started_at")
        return int(runs[0]["snapshot_after"])


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
