"""The ledger under kill -9, and under two writers."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pytest
from happenings import ACCOUNT, NOW, event

from execution.errors import LedgerBusyError
from execution.ledger.events import Claim
from execution.ledger.ledger import Ledger
from execution.models import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 6
PATIENCE = 60
WRITER = """
import sys
from happenings import ACCOUNT, event, one_of_each
from execution.ledger.ledger import Ledger
from execution.models import Notice

ledger = Ledger.open(sys.argv[1])
with ledger.lock(ACCOUNT):
    print("locked", flush=True)
    sys.stdin.readline()
    for number in range(1_000_000):
        ledger.append(*map(event, one_of_each()[number % 3 :]))
        ledger.append(event(Notice(number, sys.argv[2])))
        print(sys.argv[2], number, flush=True)
"""
RACER = """
import sys
from happenings import event, execution, order
from execution.ledger.ledger import Ledger
from execution.models import Notice

ledger = Ledger.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    won = ledger.append(event(execution(order(), f"{number}.01", 1)), event(Notice(number, sys.argv[2])))
    print(won - 1, flush=True)
"""


@contextmanager
def _running(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A process of its own, past its first line, which waits for one of ours."""
    folder = str(__file__).rpartition("/")[0]
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r})\n{code}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() in {"locked", "ready"}
            yield process, process.stdout
        finally:
            process.kill()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_killed_writer_loses_nothing(url: str) -> None:
    """After kill -9 at any moment every append that returned is there, the chain holds, and the lock is free."""
    ledger = Ledger.open(url)
    moments = itertools.cycle([0.0, 0.004, 0.013, 0.009, 0.0, 0.021, 0.002])
    for kill in range(KILLS):
        with _running(WRITER, url, f"writer {kill}") as (process, output):
            with pytest.raises(LedgerBusyError), ledger.lock(ACCOUNT):
                pass
            _go(process)
            said = [output.readline() for _ in range(1 + kill)]
            time.sleep(next(moments))
            process.kill()
            said += output.readlines()
        told = [line for line in said if line.endswith("\n")]
        recorded = [each.event.payload for each in ledger.read()]
        written = [each for each in recorded if isinstance(each, Notice) and each.text == f"writer {kill}"]
        assert len(written) in {len(told), len(told) + 1}
        ledger.verify()
        _lock_soon(ledger)
    ledger.close()


def _lock_soon(ledger: Ledger) -> None:
    """Take the lock, which a server gives back a moment after the process has died."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with ledger.lock(ACCOUNT):
                return
        except LedgerBusyError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_two_processes_record_one_execution_once(url: str) -> None:
    """Of two processes that append the same events at once, each event is new to exactly one of them."""
    with _running(RACER, url, "one") as (one, heard), _running(RACER, url, "two") as (two, other):
        _go(one)
        _go(two)
        won = [[int(line) for line in output] for output in (heard, other)]
    assert [sum(pair) for pair in zip(*won, strict=True)] == [1] * 40
    ledger = Ledger.open(url)
    assert ledger.verify() == 120
    ledger.close()


def test_many_processes_make_one_ledger(tmp_path: Path) -> None:
    """Processes that open a ledger which is not there yet, all at once, end up in the same one."""
    url = f"sqlite:///{tmp_path / 'new' / 'ledger.sqlite'}"
    code = (
        "import sys; from execution.ledger.ledger import Ledger; from happenings import event, NOW; "
        "from execution.ledger.events import Claim\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "ledger = Ledger.open(sys.argv[1]); print(ledger.append(event(Claim(NOW))), flush=True)"
    )
    with _running(code, url) as (one, heard), _running(code, url) as (two, other), _running(code, url) as (three, last):
        for process in (one, two, three):
            _go(process)
        assert sorted(int(output.readline()) for output in (heard, other, last)) == [0, 0, 1]
    ledger = Ledger.open(url)
    assert ledger.append(event(Claim(NOW))) == 0
    ledger.close()
