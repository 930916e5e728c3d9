"""One simulated machine: its clock, a home with Dagster's daemon, the broker's gateway, mailbox, webhook and page."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moved_clock import MovedClock
from receivers import Hook, Mailbox, mail_server, web_server
from simulators import NEW_YORK, RunningSimulator, impose, running
from soak_daemon import ask

from execution.installation import Installation
from execution.service import open_ledger
from execution.simulator.market import read_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
USUAL = "live data\naccept unsettled"
CASH = Decimal(100_000)
DISK = "disk"
"""Folder whose disk may be filled."""
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 300
"""Real time that everything due at one instant may take."""
BRISK = timedelta(seconds=5)
"""Step of the clock while a run only waits in Dagster's queue."""
SETTINGS = """
broker: {{port: {port}, account: {account}, is_source_of_bars: true, history: 2 Y}}
trading: {{scheduled_mode: paper, settlement: unsettled_ok}}
strategy: {{ema_fast: 3, ema_slow: 8}}
grid: {{ema_fast: [3], ema_slow: [8], top_n: [2], corr_cap: [0.7]}}
limits: {{no_trade_band: 0, trade_value_minimum: 20, order_value: 100000, day_value: 300000, orders_per_session: 10}}
alerts:
  channels:
    - {{name: mail, url: "{mail}"}}
    - {{name: hook, url: "{hook}", minimum: warning}}
"""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run as Dagster has recorded it.

    Attributes:
        number: Ascending in the order of launch.
        created_at: Simulated time, UTC.
    """

    number: int
    run_id: str
    job: str
    status: str
    created_at: datetime


@dataclass(slots=True)
class Machine:
    """The machine while a soak lasts.

    Attributes:
        told: Simulated time, channel and title of every alert that reached somebody.
        daemon: Process id of Dagster's daemon; 0 while it is dead.
        watchers: Asked again and again while something is due; one that returns True is asked no more.
        skew: Error of the machine's clock; the gateway's is right.
        is_full: Whether the disk has no byte left.
        stuck: What did not end, or not as it should have.
        held: Connections that lock the ledger.
    """

    home: Path
    clock: MovedClock
    gateway: RunningSimulator
    box: Mailbox
    hook: Hook
    warm: str
    told: list[tuple[datetime, str, str]] = field(default_factory=list)
    daemon: int = 0
    watchers: list[Callable[[], bool]] = field(default_factory=list)
    skew: timedelta = timedelta(0)
    is_full: bool = False
    stuck: list[str] = field(default_factory=list)
    held: list[sqlite3.Connection] = field(default_factory=list)
    _page: int = 0

    @property
    def installation(self) -> Installation:
        """The installation, read anew."""
        return Installation(self.home)

    def move(self, instant: datetime) -> None:
        """Let machine and gateway go on from an instant, never back."""
        instant = max(instant, self.clock.now() - self.skew)
        self.clock.jump(instant + self.skew)
        self.gateway.clock.set(instant)

    def now(self) -> datetime:
        """Return the simulated time, which is the gateway's."""
        return self.clock.now() - self.skew

    def err(self, seconds: float) -> None:
        """Let the machine's clock be wrong by so much."""
        self.skew = timedelta(seconds=seconds)
        self.clock.jump(self.gateway.clock.now() + self.skew)

    def swing(self, *command: str) -> int:
        """Run a command on the machine, as a person or a timer does; return its exit code."""
        pid = ask(self.warm, swing=list(command))["pid"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (code := ask(self.warm, wait=pid)["code"]) is None:
            assert time.monotonic() < deadline, f"{command} does not end"
            time.sleep(POLL_SECONDS)
        return int(code)

    def start_daemon(self) -> None:
        """Start Dagster's daemon, as a service manager does."""
        self.daemon = ask(self.warm)["pid"]

    def kill_daemon(self) -> None:
        """Kill the daemon."""
        if self.daemon:
            os.kill(self.daemon, signal.SIGKILL)
            ask(self.warm, wait=self.daemon)
        self.daemon = 0

    def impose(self, text: str = "", usual: str = USUAL) -> None:
        """Let the gateway follow a scenario from now on; the usual one without any."""
        self.gateway.ask(lambda simulator: impose(simulator, f"{usual}\n{text}"))

    def workers(self) -> list[int]:
        """Return the process ids of the run workers that live."""
        found: list[int] = ask(self.warm, workers=True)
        return found

    def serve_page(self) -> str:
        """Serve the page; return its address once it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._page = ask(self.warm, swing=["serve", "--port", str(port)])["pid"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(POLL_SECONDS)
        return f"http://127.0.0.1:{port}"

    def stop_page(self) -> None:
        """End the page."""
        os.kill(self._page, signal.SIGKILL)

    def pass_until(self, instant: datetime, due: frozenset[str] = frozenset()) -> None:
        """Let the time come, and wait until what is due then has been done.

        Args:
            instant: A simulated time, aware.
            due: Schedules with a tick at that time.
        """
        self.move(instant)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.receive()
            self.watchers = [watcher for watcher in self.watchers if not watcher()]
            runs = [run for run in self.runs() if run.status not in ENDED]
            if self._is_settled(instant, due, runs):
                return
            if runs and all(run.status == "QUEUED" for run in runs):
                self.move(self.now() + BRISK)
            if time.monotonic() > deadline:
                self.stuck.append(
                    f"at {instant.astimezone(NEW_YORK):%H:%M} something is due for ever: {runs} {set(due)}"
                )
                return
            time.sleep(POLL_SECONDS)

    def _is_settled(self, instant: datetime, due: frozenset[str], runs: list[RunSeen]) -> bool:
        if self.daemon == 0 or self.is_full:
            return not runs  # nobody can write down that something has been done
        ticks = self._rows(
            "schedules/schedules.db",
            "SELECT json_extract(tick_body, '$.job_name'), status, json_extract(tick_body, '$.timestamp') "
            "FROM job_ticks ORDER BY id DESC LIMIT 60",
        )
        ticks = [tick for tick in ticks if tick[2] >= instant.timestamp() - 1]  # a killed daemon leaves some begun
        if runs or any(status == "STARTED" for _, status, _ in ticks):
            return False
        seen = {name for name, _, _ in ticks}
        return seen >= due | {"watch"}

    def receive(self) -> None:
        """Note what has reached somebody since the last look."""
        mails, posts = self.box.titles, list(self.hook.requests)
        known = [channel for _, channel, _ in self.told]
        self.told += [(self.now(), "mail", title) for title in mails[known.count("mail") :]]
        if self.hook.status == HEARD:
            self.told += [(self.now(), "hook", body) for _, body in posts[known.count("hook") :]]

    def runs(self) -> list[RunSeen]:
        """Return every run, the newest last."""
        rows = self._rows("history/runs.db", "SELECT id, run_id, pipeline_name, status, create_timestamp FROM runs")
        return [
            RunSeen(number, run_id, job, status, datetime.fromisoformat(at).replace(tzinfo=UTC))
            for number, run_id, job, status, at in rows
        ]

    def _rows(self, file: str, query: str) -> list[Any]:
        path = self.home / "dagster" / file
        try:
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
                return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # not made yet
            return []


HEARD = 200


@contextmanager
def machine(folder: Path, start: datetime) -> Iterator[Machine]:
    """Run a machine while the block lasts: fetched, built, its daemon alive, its account new."""
    home = folder / DISK / "home"
    home.mkdir(parents=True)
    clock = MovedClock.made(folder, start)
    with ExitStack() as stack:
        gateway = stack.enter_context(running(USUAL, bars=read_bars("sample"), start=start, cash=CASH))
        box, hook = stack.enter_context(mail_server()), stack.enter_context(web_server())
        settings = SETTINGS.format(port=gateway.port, account=gateway.account_id, mail=box.url, hook=hook.url)
        (home / "portfolio.yaml").write_text(settings, encoding="utf-8")
        path = stack.enter_context(_warm_process(folder, home, clock))
        made = Machine(home, clock, gateway, box, hook, path)
        for command in (["fetch", "--source", "ibkr"], ["backtest"]):
            assert made.swing(*command) == 0, (folder / "log").read_text(encoding="utf-8")[-2000:]
        with open_ledger(made.installation):
            pass  # the account's life begins before its first session
        made.start_daemon()
        made.pass_until(made.now())
        try:
            yield made
        finally:
            made.kill_daemon()


@contextmanager
def _warm_process(folder: Path, home: Path, clock: MovedClock) -> Iterator[str]:
    path = str(folder / "warm")
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("soak_daemon.py")), path, str(folder / "log")],
        env=os.environ | {"SWING_HOME": str(home), "PYTHONPATH": paths} | dict(clock.environment),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield path
        finally:
            process.kill()


def local(day: Any, hour: int, minute: int = 0) -> datetime:  # noqa: ANN401 - a date
    """Return a time of the exchange."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
