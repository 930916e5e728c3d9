"""Three independent clients of the protocol, each in an environment of its own, take the simulator for a gateway."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from simulators import running

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(__file__).parent / "clients"
CLIENTS = {
    "ib_insync": (Path(sys.executable), "library_client.py", ["ib_insync"], 176),
    "ib_async": (ROOT / ".venv-ib-async/bin/python", "library_client.py", ["ib_async"], 178),
    "ibapi": (ROOT / ".venv-ibapi/bin/python", "ibapi_client.py", [], 157),
}


@pytest.fixture(scope="module", params=CLIENTS)
def seen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The messages that a client saw from connecting to cancelling."""
    python, script, arguments, version = CLIENTS[request.param]
    if not python.exists():
        pytest.fail(f"{python} is missing: run make test, which makes it")
    with running(speed=0) as simulator:
        command: list[str | Path] = [python, SCRIPTS / script, *arguments, str(simulator.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer | {"wanted_version": version, "cash_at_broker": f"{simulator.cash:.2f}", "name": request.param}


def test_a_client_agrees_on_the_newest_version_it_knows(seen: dict[str, Any]) -> None:
    """The version is the client's own newest, at most 178."""
    assert seen["version"] == seen["wanted_version"]


def test_a_client_reads_the_market(seen: dict[str, Any]) -> None:
    """Contract, ten daily bars with the running session's, and a snapshot that is a quarter of an hour old."""
    assert seen["contract"] == ["SPY", "ARCA", True]
    assert seen["bars"][0] == 10
    assert seen["bars"][1].replace("-", "") == "20240611"
    assert seen["snapshot"] == [497.83, 3]


def test_a_client_trades(seen: dict[str, Any]) -> None:
    """A market order goes from its acknowledgement to its commission, and account and position follow."""
    assert seen["fill"] == [497.96, 0.35]
    assert seen["status"] == "Filled"
    assert seen["position"] == {"SPY": 3}
    assert seen["cash"] == seen["cash_at_broker"] == "8505.77"


def test_a_client_finds_everything_again(seen: dict[str, Any]) -> None:
    """After a reconnect the open order and the execution are there, and the open one can be cancelled."""
    assert seen["reconnected"] == [["resting"], ["bought"]]
    assert seen["completed"] == [["bought", "Filled"], ["resting", "Cancelled"]]


def test_a_client_understands_every_message(seen: dict[str, Any]) -> None:
    """No logger of the client has an ERROR record."""
    assert seen["complaints"] == []
