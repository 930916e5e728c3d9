"""The seam holds: above it nobody knows a broker's folder, its library or its codes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from execution.brokers.base import BrokerAdapter, Fault
from execution.brokers.registry import BROKERS, adapter
from execution.brokers.tws.codes import CodeSet
from execution.brokers.tws.orders import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PACKAGES = ("warehouse", "research", "execution", "dagster_defs")
REGISTRY = ROOT / "execution/brokers/registry.py"
OF_A_BROKER = (ROOT / "execution/brokers/tws", ROOT / "execution/brokers/flex")
CODES = frozenset().union(*(known.value.codes for known in CodeSet))
"""Numbers that mean something to TWS; planning is left out below, where a number is an amount."""


def _above(*packages: str) -> Iterator[Path]:
    """Modules of packages outside the broker's folders and the simulator, which imitates it."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not any(map(path.is_relative_to, OF_A_BROKER)) and "simulator" not in path.parts:
                yield path


def test_only_the_registry_names_a_broker_s_folder() -> None:
    """No module above the seam imports from a broker's folder or names it, but for the registry."""
    naming = {path for path in _above(*PACKAGES) if "brokers.tws" in path.read_text(encoding="utf-8")}
    assert naming == {REGISTRY}


def test_nobody_above_the_seam_names_a_code() -> None:
    """No number that is a code of the broker stands in what sends, records or composes."""
    found = {
        (path.name, node.value)
        for path in _above("execution")
        if "planning" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value in CODES
    }
    assert found == set()


def test_composing_a_rebalance_imports_no_broker() -> None:
    """Neither a broker's folder nor its client library is imported before a session with it is made."""
    code = "import sys, execution.service; print([n for n in sys.modules if '.tws' in n or n.startswith('ib_')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_is_found_by_its_name(name: str) -> None:
    """Each name of the registry leads to an adapter."""
    assert isinstance(adapter(name), BrokerAdapter)


def test_every_fault_is_the_meaning_of_a_code() -> None:
    """The vocabulary has no word that no message of the broker needs."""
    assert {known.value.fault for known in CodeSet} == set(Fault)


@pytest.mark.parametrize(
    ("exec_id", "expected"),
    [
        ("0000e0d5.65f1a2b3.01.01", ("0000e0d5.65f1a2b3.01", 1)),
        ("0000e0d5.65f1a2b3.01.10", ("0000e0d5.65f1a2b3.01", 10)),
        ("a.9", ("a", 9)),
        ("a.b", ("a.b", 0)),
        ("U+1", ("U+1", 0)),
    ],
)
def test_the_edge_tells_corrections_apart(exec_id: str, expected: tuple[str, int]) -> None:
    """All but what follows the last dot is shared by an execution's corrections, whose numbers ascend."""
    assert identity(exec_id) == expected
