"""Trading processes of either client library, which can be killed: the side of the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

ROOT = Path(__file__).parents[3]
ZYGOTE = Path(__file__).with_name("trading_zygote.py")
PATIENCE = 120.0
"""Seconds after which a process counts as hanging."""


def interpreter(library: str) -> Path:
    """The Python that has a client library."""
    if find_spec(library):
        return Path(sys.executable)
    return ROOT / {"ib_insync": ".venv", "ib_async": ".venv-ib-async"}[library] / "bin/python"


LIBRARIES = ("ib_insync", "ib_async")


@dataclass(frozen=True, slots=True)
class Job:
    """Job of a trading process.

    Attributes:
        home: The folder of its ledger and configuration.
        now: First time of its clock, aware.
        killed_at_step: It kills itself when this step begins for the nth time, from 1.
        pace: Changes to the usual Pace of tests.
    """

    home: Path
    port: int
    now: datetime
    targets: Mapping[str, str]
    client_id: int = 17
    killed_at_step: tuple[str, int] | None = None
    liquidate: bool = False
    pace: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """End of a trading process.

    Attributes:
        error: The type of what stopped it; empty if the rebalance came to its end, None if the process was killed.
        refusals: Their codes.
    """

    steps: tuple[str, ...]
    error: str | None
    message: str
    refusals: tuple[str, ...]

    @property
    def is_killed(self) -> bool:
        """True if it died before it could say anything."""
        return self.error is None

    @property
    def is_done(self) -> bool:
        """True if the rebalance came to its end."""
        return not self.error and not self.is_killed


class TradingProcess:
    """One that has begun."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._lines = stream.makefile()
        self.pid: int = json.loads(self._lines.readline())["pid"]

    def kill(self) -> None:
        """End it as a loss of power would."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def ended(self, on_step: Callable[[str], None] = lambda _name: None) -> Ended:
        """Wait until it ends; `on_step` hears the name of each step meanwhile."""
        steps: list[str] = []
        last: dict[str, Any] = {"error": None, "message": "killed", "refusals": ()}
        with self._stream, self._lines:
            for line in self._lines:
                if not line.endswith("\n"):
                    break
                said = json.loads(line)
                if "step" in said:
                    steps.append(said["step"])
                    on_step(said["step"])
                else:
                    last = said
        return Ended(tuple(steps), last["error"], last["message"], tuple(last["refusals"]))


class Zygote:
    """Starts trading processes of one client library."""

    def __init__(self, library: str, path: str) -> None:
        self.library = library
        self._path = path

    def start(self, job: Job) -> TradingProcess:
        """Begin a job."""
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(PATIENCE)
        stream.connect(self._path)
        plain = asdict(job) | {"home": str(job.home), "now": job.now.isoformat()}
        stream.sendall(json.dumps(plain).encode() + b"\n")
        return TradingProcess(stream)

    def run(self, job: Job) -> Ended:
        """Do a job to its end."""
        return self.start(job).ended()


@contextmanager
def zygote(library: str) -> Iterator[Zygote]:
    """Keep a zygote while the block lasts.

    Raises:
        FileNotFoundError: The environment of that library was not made.
    """
    python = interpreter(library)
    if not python.exists():
        raise FileNotFoundError(f"{python} is missing: run make test, which makes it")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/zygote"
        with subprocess.Popen(
            [python, ZYGOTE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n", f"{python} could not start"
                yield Zygote(library, path)
            finally:
                process.kill()
