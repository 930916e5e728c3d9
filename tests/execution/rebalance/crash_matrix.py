"""The crash matrix: a rebalance killed at every step and at every message, and started again until it is done.

As a program it prints the matrix as a Markdown page:
    python tests/execution/rebalance/crash_matrix.py > docs/crash_matrix.md
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # as pytest does, which does not start the program

from contradictions import contradictions, exactly_once
from fault_runs import CASH, HELD, TARGETS, holding
from frame_tap import Frame, Moment, Tap, tapped
from trading_processes import LIBRARIES, Ended, Job, Zygote, zygote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from simulators import RunningSimulator

RESTARTS_AT_MOST = 5
AT_ONCE = 4
ALARMS = {"OrderHeldError", "OrderUnseenError"}
"""Errors with which a rebalance rightly ends at a broker that holds or loses orders."""
ORDER_STEPS = {"intend", "send", "sent", "look", "resend", "cancel"}
TRIES = 3
"""A message that comes in one run may not come in the next; so often is it waited for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the rebalance, and its place among those of the same name."""

    name: str
    nth: int

    def __str__(self) -> str:
        """Return it as text for a table."""
        return f"step: {self.name}{f' ({self.nth})' if self.nth > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A message, before it arrives or after."""

    moment: Moment
    frame: Frame

    def __str__(self) -> str:
        """Return it as text for a table."""
        return f"{self.moment} {self.frame}"


Boundary = Step | Passage


@dataclass(frozen=True, slots=True)
class Trial:
    """Result of a rebalance that was killed.

    Attributes:
        is_killed: The boundary was reached.
        orders: Number received by the broker, refused ones too.
        problems: Contradictions.
    """

    boundary: Boundary
    library: str
    is_killed: bool
    restarts: int
    orders: int
    problems: tuple[str, ...]

    @property
    def result(self) -> str:
        """In words."""
        return "; ".join(self.problems) or ("as planned" if self.is_killed else "as planned; was not reached")


def boundaries(process: Zygote) -> list[Boundary]:
    """Every step and message of a rebalance that nobody kills; of the messages before any order one of each name."""
    with tempfile.TemporaryDirectory() as home, holding(Path(home)) as simulator:
        with tapped(simulator) as tap:
            ended = process.run(_job(Path(home), simulator, tap.port))
        assert ended.is_done, ended
        frames = [frame for frame in tap.frames if not frame.is_early or frame.nth == 1]
    counts: dict[str, int] = defaultdict(int)
    steps = []
    for name in ended.steps:
        counts[name] += 1
        steps.append(Step(name, counts[name]))
    return [*steps, *(Passage(moment, frame) for frame in frames for moment in Moment)]


def trial(process: Zygote, boundary: Boundary, scenario: str = "") -> Trial:
    """Kill a rebalance at the boundary, at a broker with a scenario, and start it again until it is done."""
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory() as home, holding(Path(home), scenario) as simulator:
            first = _killed(process, boundary, simulator, Path(home))
            last, restarts, is_alarmed = first, 0, False
            while not last.is_done and restarts < RESTARTS_AT_MOST:
                restarts += 1
                last = process.run(_job(Path(home), simulator, simulator.port))
                is_alarmed = is_alarmed or (last.error in ALARMS and bool(scenario))
            problems = tuple(exactly_once(Path(home), simulator))
            if not is_alarmed:
                problems = contradictions(Path(home), simulator, CASH, HELD)
            if not last.is_done and not is_alarmed:
                problems = (f"{last.error}: {last.message}", *problems)
            found = Trial(boundary, process.library, first.is_killed, restarts, len(simulator.record), problems)
        if found.is_killed or problems:
            break
    return found


def trials(process: Zygote, chosen: Iterable[Boundary], scenario: str = "") -> Iterator[Trial]:
    """Try boundaries, several at once, in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda boundary: trial(process, boundary, scenario), chosen)


def around_orders(chosen: Iterable[Boundary]) -> list[Boundary]:
    """Choose the steps at which an order is intended or leaves, or has just left."""
    return [each for each in chosen if isinstance(each, Step) and each.name.split(" ")[0] in ORDER_STEPS]


def _job(home: Path, simulator: RunningSimulator, port: int) -> Job:
    return Job(home, port, simulator.clock.now(), TARGETS)


def _killed(process: Zygote, boundary: Boundary, simulator: RunningSimulator, home: Path) -> Ended:
    if isinstance(boundary, Step):
        return process.run(replace(_job(home, simulator, simulator.port), killed_at_step=(boundary.name, boundary.nth)))
    with tapped(simulator) as tap:
        return _killed_by(tap, boundary, process, _job(home, simulator, tap.port))


def _killed_by(tap: Tap, boundary: Passage, process: Zygote, job: Job) -> Ended:
    trading = process.start(job)
    tap.arm(boundary.moment, boundary.frame, trading.kill)
    return trading.ended()


def page(found: Sequence[Trial]) -> Iterator[str]:
    """The matrix with what it shows."""
    meant, wrong = sum(each.is_killed for each in found), sum(bool(each.problems) for each in found)
    yield f"""# Crash matrix

A rebalance of one sale and two buys against the broker's simulator, over its socket. In each trial the trading process
is killed (`kill -9`) once: when a step begins, or right before or after one message passes a tap on the wire (→ to the
broker, ← to the client; before: the message never arrives). Of the messages before the first order there is one of each
name. Then it is started again until it is done.

As planned means: the broker holds the planned positions; it received each order once, and no other; every execution,
with price and commission, and every position is the same in the ledger and in the broker's own record; cash and shares
are conserved to the cent; the ledger's chain of digests holds.

{len(found)} kills, {meant} of them where they were meant; {wrong} did not end as planned. Made by
`python tests/execution/rebalance/crash_matrix.py`; `make test` runs the same trials.
"""
    yield from table(found)


def table(found: Iterable[Trial]) -> Iterator[str]:
    """A row for each boundary, a column for each library."""
    by_boundary: dict[str, dict[str, Trial]] = defaultdict(dict)
    for each in found:
        by_boundary[str(each.boundary)][each.library] = each
    yield f"| killed at | {' | '.join(LIBRARIES)} |"
    yield f"|---|{'---|' * len(LIBRARIES)}"
    for boundary, row in by_boundary.items():
        yield f"| {boundary} | {' | '.join(_cell(row.get(library)) for library in LIBRARIES)} |"


def _cell(found: Trial | None) -> str:
    if found is None:
        return "not there"
    return f"restarts: {found.restarts}, orders: {found.orders}, {found.result}"


def main() -> None:
    """Print the whole matrix; end with 1 if anything in it is not as planned."""
    with ExitStack() as stack:
        processes = [stack.enter_context(zygote(library)) for library in LIBRARIES]
        found = [each for process in processes for each in trials(process, boundaries(process))]
    sys.stdout.write("\n".join(page(found)) + "\n")
    sys.exit(any(each.problems for each in found))


if __name__ == "__main__":
    main()
