"""The command line: a process of its own that says where it listens."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from wire_client import WireClient

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "execution.simulator"]
ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def killed_in_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process that still runs when the block ends: waiting for it would never end."""
    try:
        yield
    finally:
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_simulates_until_it_is_told_to_end(tmp_path: Path, ending: signal.Signals) -> None:
    """Sample bars, a clock, cash, a position, a scenario and a journal, all from the command line."""
    options = ["--clock", "2019-12-20T15:55", "--cash", "5000", "--position", "SPY=3", "--account", "DU7654321"]
    files = ["--scenario", "status_before_execution", "--journal", str(tmp_path / "journal.jsonl")]
    # as a shell starts what runs in its background
    command = ["env", "--ignore-signal=INT", *COMMAND, *options, *files]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process, killed_in_the_end(process):
        assert process.stdout is not None
        listening = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", process.stdout.readline())
        assert listening is not None
        with WireClient(int(listening[1])) as client:
            positions = client.all("reqPositions", version=1)
            assert [(v["account"], v["symbol"], v["position"]) for n, v in positions if n == "position"] == [
                ("DU7654321", "SPY", "3")
            ]
            client.order("SELL", 1, "SPY", orderRef="mine")
            told = [name for name, _ in client.until("commissionReport")]
            assert told.index("orderStatus") < told.index("execDetails")
        process.send_signal(ending)
        assert process.wait(20) == 0
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["order_ref"]) for line in lines] == [("order", "mine"), ("fill", "mine")]
    assert [lines[0]["outcome"], lines[0]["at"][:19], lines[1]["quantity"]] == ["accepted", "2019-12-20 20:55:00", "1"]


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        (["--scenario", "nonsense"], 3, "scenario nonsense cannot be read"),
        (["--position", "NONE=3"], 3, "position NONE=3: a position is a number of shares above 0"),
        (["--bars", "missing.parquet"], 4, "missing.parquet has no daily bars"),
        (["--clock", "noon"], 2, "argument --clock: noon is not a date and time"),
        (["--cash", "much"], 2, "argument --cash: much is not a number"),
    ],
)
def test_what_cannot_be_simulated_is_said(options: list[str], code: int, part: str) -> None:
    """Each mistake has its exit code and a message without a stack trace."""
    done = subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert [done.returncode, "Traceback" in done.stderr] == [code, False]
    assert part in done.stderr
