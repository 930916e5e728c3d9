"""What goes wrong in a session of the soak: each fault as acts at times before the close, and what must be told."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from soak_markets import impossible, lie, split, stale, tenfold, without_dividends

from execution.simulator.grammar import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

    from soak_machine import Machine

AWAY = 10**9
"""Seconds for which a gateway stays away that somebody has to start again."""
BROKEN = "capital: {initial_equity: much}\n"
OVERNIGHT = 20 * 60
"""Minutes from the evening before, after the last run, to a close at 16:00."""


class Act(NamedTuple):
    """Something done to the machine, so many minutes before the close; after it, if negative."""

    minutes: float
    do: Callable[[Machine], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    Attributes:
        told_by: Minutes before the close by which an alarm must have been delivered; None if none has to be.
        is_missed: Whether the session rightly ends without its rebalance.
    """

    name: str
    acts: tuple[Act, ...]
    told_by: float | None = None
    is_missed: bool = False

    @property
    def begins(self) -> float:
        """Minutes before the close at which it begins."""
        return max((act.minutes for act in self.acts), default=0.0)

    def __add__(self, other: Fault) -> Fault:
        """Return both at once."""
        told = [by for by in (self.told_by, other.told_by) if by is not None]
        is_missed = self.is_missed or other.is_missed
        name = f"two at once: {self.name}; {other.name}"
        return Fault(name, self.acts + other.acts, max(told, default=None), is_missed)


def _away(machine: Machine) -> None:
    machine.gateway.restart(AWAY)


def _back(machine: Machine) -> None:
    machine.gateway.restart(0)


def _impose(text: str) -> Callable[[Machine], None]:
    return lambda machine: machine.impose(text)


def _shipped(name: str) -> str:
    return (SHIPPED / f"{name}.txt").read_text(encoding="utf-8")


def _between(begin: float, end: float, scenario: str) -> tuple[Act, ...]:
    """Return the acts of a scenario that lasts from `begin` to `end`, in minutes before the close."""
    return Act(begin, _impose(scenario)), Act(end, _impose(""))


def _while_trading(name: str, scenario: str, told_by: float | None = None, *, is_missed: bool = False) -> Fault:
    return Fault(name, _between(6, -3, scenario), told_by, is_missed)


def _kill_daemon(machine: Machine) -> None:
    machine.kill_daemon()


def _start_daemon(machine: Machine) -> None:
    machine.start_daemon()


def _watchdog(machine: Machine) -> None:
    machine.swing("watchdog")


def _kill_worker(machine: Machine) -> None:
    """Kill the run worker as soon as an order of it has reached the broker."""
    known = len(machine.gateway.record)

    def kill() -> bool:
        if len(machine.gateway.record) == known:
            return False
        for worker in machine.workers():
            os.kill(worker, signal.SIGKILL)
        return True

    machine.watchers.append(kill)


def _lock_ledger(machine: Machine) -> None:
    machine.held.append(sqlite3.connect(machine.home / "ledger.sqlite", isolation_level=None))
    machine.held[-1].execute("BEGIN EXCLUSIVE")


def _unlock_ledger(machine: Machine) -> None:
    while machine.held:
        machine.held.pop().close()


def _fill_disk(machine: Machine) -> None:
    """Leave no byte free."""
    with contextlib.suppress(OSError), (machine.home / "ballast").open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
            file.flush()
    machine.is_full = True


def _free_disk(machine: Machine) -> None:
    machine.is_full = False
    (machine.home / "ballast").unlink(missing_ok=True)


def _wrong_account(machine: Machine) -> None:
    machine.gateway.ask(lambda simulator: setattr(simulator.account, "account_id", "DU7654321"))


def _right_account(machine: Machine) -> None:
    machine.gateway.ask(lambda simulator: setattr(simulator.account, "account_id", machine.gateway.account_id))


def _deaf(machine: Machine) -> None:
    """Let nobody hear over the webhook."""
    machine.hook.status = 500


def _hearing(machine: Machine) -> None:
    machine.hook.status = 200


def _break_settings(machine: Machine) -> None:
    file = machine.home / "portfolio.yaml"
    file.write_text(file.read_text(encoding="utf-8") + BROKEN, encoding="utf-8")


def _mend_settings(machine: Machine) -> None:
    file = machine.home / "portfolio.yaml"
    file.write_text(file.read_text(encoding="utf-8").removesuffix(BROKEN), encoding="utf-8")


class Browsers:
    """A hundred connections that ask the page without a pause."""

    PATHS = ("/overview", "/api/equity", "/holdings", "/metrics", "/api/explorer", "/health")
    NUMBER = 100

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self.answers: list[int] = []

    def begin(self, machine: Machine) -> None:
        """Browse from now on."""
        address = machine.serve_page()
        self._is_over.clear()
        for number in range(self.NUMBER):
            threading.Thread(target=self._browse, args=(address, number), daemon=True).start()

    def _browse(self, address: str, number: int) -> None:
        for at in count():
            if self._is_over.is_set():
                return
            path = self.PATHS[(number + at) % len(self.PATHS)]
            with contextlib.suppress(OSError):
                try:
                    with urllib.request.urlopen(f"{address}{path}", timeout=60) as answer:  # noqa: S310 - ours
                        self.answers.append(answer.status)
                except urllib.error.HTTPError as error:
                    self.answers.append(error.code)

    def end(self, machine: Machine) -> None:
        """Browse no more."""
        self._is_over.set()
        machine.stop_page()


BROWSERS = Browsers()
CALM = Fault("none", ())
DELAYED = "accept unsettled"
UNANSWERED = "on startApi: lose"
SECOND_FACTOR = (
    'on startApi: accept, error 1100 "Connectivity between IBKR and Trader Workstation has been lost."\n'
    "on positionEnd: lose\non accountSummaryEnd: lose\non openOrderEnd: lose"
)
GATEWAY_DOWN = Fault("the gateway is down from 15:54 to 15:56:30", (Act(6, _away), Act(3.5, _back)), 3)
ALERTS_AWAY = Fault("an alert server answers 500 from noon to the evening", (Act(240, _deaf), Act(-200, _hearing)))
DAEMON_KILLED = Fault(
    "the daemon is killed at 15:54 and started at 15:56:30", (Act(6, _kill_daemon), Act(3.5, _start_daemon))
)

LOGIN_WINDOW = Fault(
    "a login window from the evening on, for 15 hours",
    _between(OVERNIGHT + 30, OVERNIGHT - 870, UNANSWERED),
    900,
)
WORKER_KILLED = Fault("the run worker is killed with -9 when its first order is out", (Act(5.05, _kill_worker),))
DAEMON_DEAD = Fault(
    "the daemon is dead from 15:20 on, started at 17:00",
    (Act(40, _kill_daemon), Act(20, _watchdog), Act(-15, _watchdog), Act(-60, _start_daemon)),
    15,
    is_missed=True,
)

FAULTS: tuple[Fault, ...] = (
    GATEWAY_DOWN,
    Fault("logged out at 12:30, logged in again at 15:50", _between(210, 10, _shipped("never_ending_sync")), 175),
    LOGIN_WINDOW,
    DAEMON_KILLED,
    WORKER_KILLED,
    _while_trading("the gateway dies at the second order and comes back", "on placeOrder 2: accept, restart after 20"),
    Fault(
        "the source lies: today's bar is tenfold",
        (Act(5.5, lie(tenfold)), Act(-3, lie(None))),
    ),
    Fault("an account of another login", (Act(200, _wrong_account), Act(-60, _right_account)), 170, is_missed=True),
    ALERTS_AWAY + GATEWAY_DOWN,
    Fault("the page under load: 100 connections", (Act(5.5, BROWSERS.begin), Act(-4, BROWSERS.end))),
    Fault("the ledger is locked from 15:54:30 to 15:56:30", (Act(5.5, _lock_ledger), Act(3.5, _unlock_ledger))),
    Fault("the machine's clock is 40 s ahead", (Act(40, lambda m: m.err(40)), Act(3.5, lambda m: m.err(0))), 25),
    Fault("the newest bar cannot be: high below low", (Act(5.5, lie(impossible)), Act(-3, lie(None)))),
    Fault("bars are stale: the source has none of today", (Act(5.5, lie(stale)), Act(-3, lie(None)))),
    Fault(
        "a person halts trading for a day",
        (
            Act(300, lambda m: done(m.swing("halt", "--reason", "on holiday"))),
            Act(-30, lambda m: done(m.swing("resume"))),
        ),
        is_missed=True,
    ),
    _while_trading("the API is read-only", _shipped("read_only"), -5),
    Fault("market data are delayed", (Act(6, lambda m: m.impose(usual=DELAYED)), Act(-3, _impose("")))),
    _while_trading("an order is held by a window", _shipped("held_by_a_precaution"), -5, is_missed=True),
    Fault("nobody answers the second factor", _between(OVERNIGHT + 30, -60, SECOND_FACTOR), 900, is_missed=True),
    Fault("a split of two for one", (Act(420, split),)),
    Fault("a dividend is missing in the history", (Act(5.5, lie(without_dividends)), Act(-200, lie(None)))),
    DAEMON_DEAD,
    _while_trading("acknowledgements are lost", _shipped("lost_acknowledgement")),
    _while_trading("orders fill in parts", _shipped("partial_fills")),
    _while_trading("the broker rejects an order", _shipped("reject"), -5),
    _while_trading("connectivity is lost between two orders", _shipped("connectivity_lost")),
    _while_trading("positions arrive empty", _shipped("empty_sync"), -5, is_missed=True),
    _while_trading("the client id is in use", _shipped("client_id_in_use")),
    _while_trading("order numbers roll back", _shipped("midnight_restart_ids_rolled_back")),
    _while_trading("an execution is corrected", _shipped("execution_correction")),
    _while_trading("orders stay open", "fill never", -5),
    Fault("portfolio.yaml is broken at 12:00", (Act(240, _break_settings), Act(-40, _mend_settings)), 175),
    LOGIN_WINDOW + DAEMON_KILLED,
    _while_trading("frames are cut off", _shipped("truncate_frame")) + ALERTS_AWAY,
)
DISK_FULL = (
    Fault(
        "the disk is full from 12:30 to 15:40",
        (Act(210, _fill_disk), Act(190, _watchdog), Act(20, _free_disk)),
        175,
    ),
    Fault(
        "the disk is full through the close",
        (Act(210, _fill_disk), Act(190, _watchdog), Act(-30, _watchdog), Act(-60, _free_disk)),
        175,
        is_missed=True,
    ),
)
"""Only on a disk of the soak's own."""


def done(code: int) -> None:
    """Require that a command ended well."""
    assert code == 0, code
