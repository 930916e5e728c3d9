"""The soak: sessions that nobody watches, with a fault in most of them, through Dagster's daemon, sockets and servers.

`python tests/support/soak.py SESSIONS FILE` writes what happened as a table, row by row while it goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulators import NEW_YORK
from soak_faults import CALM, DISK_FULL, FAULTS, Act, Fault
from soak_machine import DISK, local, machine
from soak_remedies import REMEDIES

from execution.models import MARK, OrderRef, Side
from execution.orders.context import LIQUIDATION
from execution.service import open_ledger
from operations.alerts.occasions import drift
from warehouse.calendar.sessions import close_time, previous_session, sessions
from warehouse.calendar.trading_hours import window_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from soak_machine import Machine

    from execution.ledger.state import SessionState
    from execution.simulator.journal import Entry

FIRST, LAST = date(2019, 10, 7), date(2019, 12, 31)
"""The end of daylight saving time, two holidays and two half-days lie between; sixty sessions."""
MINUTES = 5
DISK_SIZE = "1g"
ENOUGH = 0.02
"""Distance from the targets, as alerts have it, below which they count as reached: whole shares allow no less."""
PREFLIGHT, REBALANCE, LOOK, DAILY = (
    frozenset({name})
    for name in ("preflight_before_close", "rebalance_before_close", "reconcile_after_close", "daily_after_close")
)
SATURDAY = 5
NOTHING: frozenset[str] = frozenset()
ALARM, WARNING = "ALARM", "WARNING"
AFTERMATH = "will not work: reconciliation"
"""Alarm on the evening after a session that was not finished."""


class Stop(NamedTuple):
    """A time at which schedules are due."""

    at: datetime
    due: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lived:
    """A session as it went.

    Attributes:
        told: Simulated time, channel and title of each alert that reached somebody, from the evening before on.
        state: What the ledger holds of it; None if it was never begun.
        received: What reached the broker of it.
        is_agreed: Whether ledger and broker hold the same positions at its end.
        stuck: What did not end, or not as it should have.
    """

    day: date
    fault: Fault
    told: tuple[tuple[datetime, str, str], ...]
    state: SessionState | None
    received: tuple[Entry, ...]
    is_agreed: bool
    stuck: tuple[str, ...]
    seconds: float

    @property
    def alarms(self) -> list[tuple[datetime, str, str]]:
        """Alarms among what was told."""
        return [each for each in self.told if ALARM in each[2]]

    @property
    def is_finished(self) -> bool:
        """Whether its rebalance came to its end."""
        return self.state is not None and self.state.finish is not None

    @property
    def intended(self) -> dict[str, int]:
        """References of the orders that it meant to send."""
        if self.state is None or self.state.plan is None:
            return {}
        sells = [order for order in self.state.plan.orders if order.side is Side.SELL]
        bought = self.state.funding.orders if self.state.funding else self.state.plan.orders
        buys = [order for order in bought if order.side is Side.BUY]
        return Counter(order.order_ref for order in (*sells, *buys))

    @property
    def filled(self) -> int:
        """Orders that filled whole."""
        return sum(each.remaining <= 0 for each in self.state.orders.values()) if self.state else 0


def stops_of(day: date) -> Iterator[Stop]:
    """Yield the times of a session at which something is due: holidays before it, the evening before, its own."""
    close, between = close_time(day), previous_session(day) + timedelta(days=1)
    while between < day:
        if between.weekday() < SATURDAY:
            yield Stop(local(between, 15, 55), REBALANCE)
        between += timedelta(days=1)
    yield Stop(local(day - timedelta(days=1), 20), PREFLIGHT)
    for before in (timedelta(hours=3), timedelta(minutes=30)):
        yield Stop(close - before, PREFLIGHT)
    yield from (Stop(close - timedelta(minutes=left), REBALANCE) for left in range(MINUTES, 1, -1))
    yield from (Stop(close + timedelta(minutes=after), LOOK) for after in (5, 6))
    yield Stop(close + timedelta(minutes=11), NOTHING)
    yield Stop(local(day, 18, 30), DAILY)
    yield from (Stop(local(day, 18, minute), NOTHING) for minute in (32, 35))


def live_through(machine: Machine, day: date, fault: Fault) -> Lived:
    """Let a session pass with a fault in it."""
    begun, known = time.monotonic(), len(machine.told)
    machine.stuck.clear()
    close, sent = close_time(day), len(machine.gateway.record)
    course: list[tuple[datetime, Act | Stop]] = [(close - timedelta(minutes=act.minutes), act) for act in fault.acts]
    course += [(stop.at, stop) for stop in stops_of(day)]
    for at, what in sorted(course, key=lambda each: each[0]):
        if isinstance(what, Stop):
            machine.pass_until(at, what.due)
        else:
            machine.move(at)
            try:
                what.do(machine)
            except AssertionError as error:
                machine.stuck.append(f"at {at.astimezone(NEW_YORK):%H:%M} a command failed: {error}")
            machine.receive()
    machine.receive()
    state, positions = _recorded(machine, day)
    return Lived(
        day,
        fault,
        tuple(machine.told[known:]),
        state,
        tuple(_ours(machine.gateway.record[sent:])),
        positions == machine.gateway.positions,
        tuple(machine.stuck),
        time.monotonic() - begun,
    )


def _ours(record: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the orders of rebalances, by the references that the ledger has; an exit by hand has its own rules."""
    for entry in record:
        reference = OrderRef.parse(entry.order_ref.partition(MARK)[0])
        if reference.strategy_id != LIQUIDATION:
            yield replace(entry, order_ref=str(reference))


def _recorded(machine: Machine, day: date) -> tuple[SessionState | None, object]:
    """Return what the ledger holds of a session, and the positions that it expects."""
    with open_ledger(machine.installation) as ledger:
        ledger.verify()
        claims = [claim for claim in ledger.claims(day) if claim.strategy_id]
        positions = ledger.positions(machine.gateway.account_id) or {}
        if not claims:
            return None, positions
        return ledger.session(claims[0].account_id, claims[0].strategy_id, day), positions


def problems(lived: Lived) -> Iterator[str]:
    """Yield what must never be: orders doubled, late or missed in silence, a difference in silence, a late alarm."""
    yield from lived.stuck
    times = Counter(entry.order_ref for entry in lived.received)
    yield from (f"{ref} reached the broker {number} times" for ref, number in times.items() if number > 1)
    yield from (f"{entry.order_ref} came late, at {entry.at}" for entry in lived.received if not _is_in_time(entry.at))
    yield from (
        f"{entry.order_ref} is of another session"
        for entry in lived.received
        if OrderRef.parse(entry.order_ref).session_date != lived.day
    )
    spoken = [each for each in lived.told if ALARM in each[2] or WARNING in each[2]]
    if not lived.is_finished and not lived.alarms:
        yield "it was not finished, and no alarm told of it"
    if not lived.is_finished and not lived.fault.is_missed:
        yield "it was not finished"
    if lived.is_finished and (lived.intended != times or lived.filled < len(times)) and not spoken:
        yield "orders are missing, and nobody was told"
    if not lived.is_agreed and not lived.alarms:
        yield "ledger and broker differ, and no alarm told of it"
    if lived.is_finished and lived.state and (far := drift(lived.state)) > ENOUGH and not _reasons(lived.state):
        yield f"the targets are {far:.3f} away, for no reason that was recorded"
    if lived.fault.told_by is not None:
        begun, by = (
            close_time(lived.day) - timedelta(minutes=left) for left in (lived.fault.begins, lived.fault.told_by)
        )
        if not any(begun <= at <= by for at, _, _ in lived.alarms):
            yield f"no alarm came by {by:%H:%M}"
    if not any(f"Digest of {lived.day}" in title for _, channel, title in lived.told if channel == "mail"):
        yield "its digest did not come by the evening"
    if lived.fault is CALM and any(AFTERMATH not in title for _, _, title in lived.alarms):
        yield "an alarm without a fault"


def _is_in_time(at: datetime) -> bool:
    window = window_of(at.astimezone(NEW_YORK), MINUTES)
    return window is not None and window.opens <= at < window.deadline


def _reasons(state: SessionState) -> bool:
    refusals = (*(state.plan.refusals if state.plan else ()), *(state.funding.refusals if state.funding else ()))
    return bool(refusals) or any(order.remaining for order in state.orders.values())


def schedule(*, has_disk: bool) -> Iterator[tuple[date, Fault]]:
    """Yield each session with its fault: two in three, in the order in which they are listed, each once."""
    faults = iter((*FAULTS, *(DISK_FULL if has_disk else ()), *REMEDIES))
    for day, is_faulty in zip(sessions(FIRST, LAST), cycle((False, True, True)), strict=False):
        yield day, next(faults, CALM) if is_faulty else CALM


HEAD = """# Soak: sessions that nobody watches

{about}

| session | fault | rebalance | intended | sent | filled | first alarm | before the close | what was told | problems |
|---|---|---|--:|--:|--:|---|--:|---|---|
"""


def row(lived: Lived, found: Iterable[str]) -> str:
    """Return a session as a row of the table."""
    close = close_time(lived.day)
    begun = close - timedelta(minutes=lived.fault.begins)
    first = next((at.astimezone(NEW_YORK) for at, _, _ in lived.alarms if at >= begun), None)
    early = "" if first is None else _span(close - first)
    outcome = "finished" if lived.is_finished else "begun" if lived.state else "not begun"
    titles = Counter(_short(title) for _, channel, title in lived.told if channel == "mail" and "Digest" not in title)
    cells = (
        f"{lived.day:%a %Y-%m-%d}{'' if close.hour == 16 else ' (half-day)'}",
        lived.fault.name,
        outcome,
        str(sum(lived.intended.values())),
        str(len(lived.received)),
        str(lived.filled),
        "" if first is None else f"{first:%a %H:%M:%S}",
        early,
        "; ".join(f"{title}{f' x{times}' if times > 1 else ''}" for title, times in titles.items()),
        "; ".join(found) or "none",
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _short(title: str) -> str:
    return title.removeprefix("[swing] ").removeprefix("INFO: ")


def _span(left: timedelta) -> str:
    minutes = round(left.total_seconds() / 60)
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d} h"


def soak(folder: Path, course: Iterable[tuple[date, Fault]]) -> Iterator[tuple[Lived, list[str]]]:
    """Live through sessions one after the other on one machine; yield each with its problems."""
    course = list(course)
    with machine(folder, local(course[0][0] - timedelta(days=1), 19)) as made:
        for day, fault in course:
            lived = live_through(made, day, fault)
            yield lived, list(problems(lived))


@contextmanager
def own_disk(folder: Path) -> Iterator[bool]:
    """Put a disk of its own under a folder, which can be filled; yield False where nobody may."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "soak", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def main(number: int, target: Path) -> int:
    """Soak and write the table; return 1 if anything was found that must not be."""
    bad = 0
    with tempfile.TemporaryDirectory(prefix="soak") as folder, own_disk(Path(folder) / DISK) as has_disk:
        course = list(schedule(has_disk=has_disk))[:number]
        about = ABOUT if has_disk else f"{ABOUT} The disk was not filled: that takes a disk of its own, and root."
        target.write_text(HEAD.format(about=about), encoding="utf-8")
        for lived, found in soak(Path(folder), course):
            bad += bool(found)
            line = row(lived, found)
            with target.open("a", encoding="utf-8") as file:
                file.write(line)
            sys.stdout.write(f"{lived.seconds:6.1f} s {line}")
            sys.stdout.flush()
            if found:
                for at, channel, title in lived.told:
                    sys.stdout.write(f"    {at.astimezone(NEW_YORK):%d %H:%M:%S} {channel}: {title[:150]}\n")
    return int(bad > 0)


ABOUT = """Made by `make soak`. Each row is a session from the evening before to the evening, with what went wrong in
it, what was intended, sent and filled, and the first alarm that reached somebody, by simulated time. For every session
it is asked: was an order missed without an alert, doubled, or sent late; do ledger and broker agree at the end; are
the targets reached, or does a reason stand; did the alarm come while there was time; was there one without a fault.

Real are Dagster's daemon with its threads, queue and storage, the schedules and the sensor, a process for each run,
the broker's wire protocol (our simulator of its gateway), the mail server and the webhook, the page, the disk. Not
real are the time of day (a library in every process moves it: it runs at its usual speed while anything is at work,
and jumps from one thing that is due to the next), the start of the processes (forked from a warm one) and Dagster's
code server (the daemon holds the code itself). The market is the sample market, and no
statement of the broker's is fetched."""

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
