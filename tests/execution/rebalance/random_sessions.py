"""Sixty sessions by themselves, each with scenarios and deaths drawn by chance, with several seeds and both libraries.

As a program it prints what came of them as a Markdown page:
    python tests/execution/rebalance/random_sessions.py > docs/random_sessions.md
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3]))  # as pytest does, which does not start the program
sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from hostile_scenarios import KINDS, written
from machine_traders import Crash
from trading_processes import LIBRARIES, interpreter
from virtual_gateway import virtual_gateway
from virtual_trading import Verdict, VirtualTrader, verdict

from warehouse.calendar.sessions import close_time, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# The end of daylight saving time, a holiday and a half-day lie in these sessions.
FIRST, LAST = date(2024, 9, 16), date(2024, 12, 9)
SESSIONS = 60
SEEDS = 10
SYMBOLS = ("SPY", "QQQ", "TLT", "GLD", "XLE", "BND", "VTI", "IEF")
WEIGHTS = (("0.45", "0.3", "0.2"), ("0.5", "0.45"), ("0.3", "0.3", "0.3"), ("0.4", "0.1"), ())
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - ledgers that nobody keeps, where there is no disk to wait for


@dataclass(frozen=True, slots=True)
class Lived:
    """One session.

    Attributes:
        kinds: Of its scenarios.
        killed: Number of its processes that died.
        ended: One of Verdict.ALL.
        problems: What is not as it must be.
    """

    day: str
    kinds: tuple[str, ...]
    text: str
    killed: int
    ended: str
    problems: tuple[str, ...]


def live(seed: int, count: int) -> Iterator[Lived]:
    """Let the first `count` sessions pass; a person looks only after a session that ended in an error."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    start = close_time(FIRST) - timedelta(hours=3)
    folder = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        virtual_gateway(start, Decimal(30_000), {"TLT": Decimal(50)}) as gateway,
    ):
        trader = VirtualTrader(Path(home), gateway)
        for day in sessions(FIRST, LAST)[:count]:
            kinds = chance.sample(list(KINDS), chance.choice((1, 1, 2)))
            text = "\n".join(written(kind, chance.choice) for kind in kinds)
            crashes = [_crash(chance) for _ in range(chance.choice((0, 1, 2)))]
            weights = chance.choice(WEIGHTS)
            wish = dict(zip(chance.sample(SYMBOLS, len(weights)), weights, strict=True))
            gateway.pass_until(close_time(day) - timedelta(minutes=30))
            gateway.impose(text)
            before = trader.ledger.finish(day)
            assert before is None
            starts = trader.live_through(day, wish, crashes)
            ended, problems = verdict(trader, day, starts)
            killed = sum(start.is_killed for start in starts)
            yield Lived(str(day), tuple(kinds), text, killed, ended, tuple(problems))
            gateway.pass_until(close_time(day) + timedelta(hours=1))
            if ended in {Verdict.ALARMED, Verdict.CUT_OFF}:
                trader.accept()
        trader.ledger.close()


def _crash(chance: random.Random) -> Crash:
    return chance.choice(
        (
            Crash(at_point=chance.randint(1, 30)),
            Crash(after_orders=chance.randint(1, 3)),
            Crash(after_seconds=chance.uniform(0.01, 60)),
        )
    )


def lived(library: str, seed: int, count: int) -> list[Lived]:
    """Let sessions pass in a process that has the client library."""
    command = [str(interpreter(library)), __file__, "--one", str(seed), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{library}, seed {seed}: {done.stderr}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [Lived(**row | {"kinds": tuple(row["kinds"]), "problems": tuple(row["problems"])}) for row in rows]


def page(found: dict[tuple[int, str], list[Lived]]) -> Iterator[str]:
    """What came of them."""
    every = [each for days in found.values() for each in days]
    killed, failed = sum(each.killed for each in every), sum(bool(each.problems) for each in every)
    yield f"""# Random sessions

Sessions of an account that its schedule trades, at the broker's simulator through the real client library, in virtual
time. Each has one or two scenarios, drawn by chance from {len(KINDS)} kinds with their places and durations, and up to
two of its processes die at a step, after an order or after seconds. A person looks (deletes what is open, accepts the
positions) only after a session that ended with an error.

After each session the simulator's own record is compared: no reference filled more than was planned, unless the broker
itself made a second order of it; no order left more than twice under a number, or outside the window; an order that was
not filled in full is named at the session's end, or the session ended with an error; a session that was finished has no
order that may still fill, and its cash, positions and executions are the broker's; cash and shares are conserved to the
cent.

{len(every)} sessions, {killed} processes killed; {failed} sessions were not as they must be. Made by
`python tests/execution/rebalance/random_sessions.py`; `make test` lives through the first sessions of two seeds.

| seed | library | sessions | killed | {" | ".join(Verdict.ALL)} | not as it must be |
|---|---|---|---|{"---|" * len(Verdict.ALL)}---|"""
    for (seed, library), days in found.items():
        yield f"| {seed} | {library} | {len(days)} | {sum(each.killed for each in days)} | {_counts(days)} |"
    yield f"""
| kind | drawn | {" | ".join(Verdict.ALL)} | not as it must be |
|---|---|{"---|" * len(Verdict.ALL)}---|"""
    by_kind: dict[str, list[Lived]] = defaultdict(list)
    for each in every:
        for kind in each.kinds:
            by_kind[kind].append(each)
    yield from (f"| {kind} | {len(by_kind[kind])} | {_counts(by_kind[kind])} |" for kind in KINDS)


def _counts(days: Sequence[Lived]) -> str:
    ended = Counter(each.ended for each in days)
    return " | ".join(map(str, [*(ended[name] for name in Verdict.ALL), sum(bool(each.problems) for each in days)]))


def wrong(found: Iterable[Lived]) -> list[str]:
    """Each problem with what it takes to see it again."""
    return [f"{each.day} {each.text!r}: {problem}" for each in found for problem in each.problems]


def main(arguments: Sequence[str]) -> None:
    """Print the page, and end with 1 if anything is not as it must be; `--one SEED COUNT` prints sessions as JSON."""
    if arguments[:1] == ["--one"]:
        for each in live(*map(int, arguments[1:])):
            sys.stdout.write(json.dumps(asdict(each)) + "\n")
        return
    keys = [(seed, LIBRARIES[seed % len(LIBRARIES)]) for seed in range(1, SEEDS + 1)]
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(keys, pool.map(lambda key: lived(key[1], key[0], SESSIONS), keys), strict=True))
    sys.stdout.write("\n".join(page(found)) + "\n")
    problems = [f"seed {seed}: {each}" for (seed, _), days in found.items() for each in wrong(days)]
    sys.stderr.write("\n".join(problems))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(sys.argv[1:])
