"""The canary: two programs on copies of one home, and what differs between them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dagster_defs.environment import without_installation
from execution.installation import Installation
from operations import canary
from operations.canary import compare, difference
from operations.errors import CanaryError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2024, 6, 11, 12, tzinfo=UTC)
DECISION: dict[str, Any] = {
    "code_version": "0.2.0",
    "session": "2024-06-11",
    "targets_session": "2024-06-10",
    "equity": "10000.00",
    "targets": {"SPY": "0.5000000000", "GLD": "0.4500000000"},
    "orders": {"SPY": "BUY 10"},
    "refusals": [],
}
PROGRAM = """
import json, os, pathlib, sys
home = pathlib.Path(os.environ["SWING_HOME"])
assert not [name for name in os.environ if name in ("SWING_LEDGER", "IB_PORT")]
if sys.argv[1] == "backtest":
    (home / "built").write_text("by %s")
else:
    decision = json.loads('%s')
    decision["refusals"] = [(home / "built").read_text()[:2], str((home / "portfolio.yaml").exists())]
    print(json.dumps(decision))
"""


def checkout(folder: Path, decision: str, script: str = PROGRAM) -> Path:
    """Make a program that stands where a checkout's would, with this Python as its interpreter."""
    for package in ("dagster_defs", "dagster_defs/cli"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
    (folder / "dagster_defs/cli/main.py").write_text(script % (folder.name, decision), encoding="utf-8")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    return folder


def decided(**changes: object) -> dict[str, Any]:
    """A decision that differs in this."""
    return DECISION | changes


def test_every_difference_of_targets_and_orders_is_a_line() -> None:
    """A symbol of one alone is one too; what else differs is told."""
    assert difference(DECISION, decided(code_version="0.3.0"), 7).is_same
    then = decided(targets={"SPY": "0.5000000000", "TLT": "0.4"}, orders={"SPY": "BUY 9"}, refusals=["PRICE_STALE GLD"])
    found = difference(DECISION, then, 7)
    assert not found.is_same
    assert [(line.symbol, line.is_same) for line in found.lines] == [("GLD", False), ("SPY", False), ("TLT", False)]
    assert (found.lines[1].order_now, found.lines[1].order_then) == ("BUY 10", "BUY 9")
    assert (found.lines[2].target_now, found.lines[2].target_then) == ("", "0.4")
    assert found.other == ("refusals: [] → ['PRICE_STALE GLD']",)


def test_each_program_works_in_a_copy_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own interpreter, cut off from gateway and ledger in use; the home stays as it was."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "portfolio.yaml").write_text("strategy: {top_n: 2}", encoding="utf-8")
    monkeypatch.setenv("SWING_LEDGER", "sqlite:////nowhere/ledger.sqlite")
    monkeypatch.setenv("IB_PORT", "4001")
    text = (
        '{"code_version": "%s", "session": "s", "targets_session": "t", "equity": "1", "targets": {}, "orders": {%s}}'
    )
    monkeypatch.setattr(canary, "PROJECT", checkout(tmp_path / "old", text % ("1", "")))
    same = compare(Installation(home), checkout(tmp_path / "new", text % ("2", "")), without_installation(), NOW)
    assert (same.is_same, same.now, same.then) == (True, "1", "2")
    other = compare(
        Installation(home), checkout(tmp_path / "newer", text % ("3", '"SPY": "BUY 1"')), without_installation(), NOW
    )
    assert [line.symbol for line in other.lines if not line.is_same] == ["SPY"]
    assert [path.name for path in home.iterdir() if path.name != "writer.lock"] == ["portfolio.yaml"]


def test_a_checkout_that_cannot_decide_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an environment it is none; one that fails is not the same."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "portfolio.yaml").touch()
    with pytest.raises(CanaryError, match="no checkout with an environment"):
        compare(Installation(home), tmp_path, without_installation(), NOW)
    broken = checkout(tmp_path / "broken", "", "raise SystemExit('%s is broken %s')")
    monkeypatch.setattr(canary, "PROJECT", broken)
    with pytest.raises(CanaryError, match=r"exit code 1\): broken is broken"):
        compare(Installation(home), broken, without_installation(), NOW)
