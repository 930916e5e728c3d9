"""The fault matrix: every fault of test_faults with either client library, and how the rebalance ended.

As a program it prints the matrix as a Markdown page:
    python tests/execution/rebalance/fault_matrix.py > docs/fault_matrix.md
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3]))  # as pytest does, which does not start the program
sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from fault_runs import story
from simulators import calm_bars
from test_faults import CASES
from trading_processes import LIBRARIES, zygote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fault_runs import Case, Story
    from trading_processes import Ended

AT_ONCE = 4


def wrong(case: Case, happened: Story) -> list[str]:
    """What is not as it must be: the same as the test asserts of every case."""
    survivors = [ended.error for ended in happened.starts[:-1] if not ended.is_killed]
    doubled = [f"{ref} came {times} times" for ref, times in happened.received.items() if times > 1]
    found = [*happened.doubts, *doubled]
    if survivors[: len(case.errors)] != list(case.errors):
        found.append(f"ended with {survivors}")
    if case.received is None:
        return [*found, *happened.problems]
    return found if case.received == happened.received else [*found, f"received {dict(happened.received)}"]


def cell(case: Case, happened: Story) -> str:
    """The ends of its starts, and what was traded."""
    ends = [_end(ended) for ended in happened.starts[:-1]]
    told = ", ".join(f"{name}{f' {count} times' if count > 1 else ''}" for name, count in _runs(ends))
    if problems := wrong(case, happened):
        return f"{told}: WRONG: {'; '.join(problems)}"
    filled = sum(not order.remaining for order in happened.session.orders.values())
    return f"{told}: {'as planned' if not happened.problems else f'{filled} orders filled, none too many'}"


def _end(ended: Ended) -> str:
    return "killed" if ended.is_killed else ended.error or "finished"


def _runs(names: list[str]) -> Iterator[tuple[str, int]]:
    for name, same in groupby(names):
        yield name, len(list(same))


def page(found: Mapping[str, Mapping[str, Story]]) -> Iterator[str]:
    """The matrix with what it shows."""
    failed = sum(bool(wrong(CASES[name], story)) for stories in found.values() for name, story in stories.items())
    yield f"""# Fault matrix

A rebalance of one sale and two buys against the broker's simulator, over its socket, with each fault that the simulator
ships, some together, and with a `kill -9` besides. It is started three times at most, until it is done; a further start
then trades no more. As planned means what it means in the [crash matrix](crash_matrix.md). An error is named by its
class; [codes.md](codes.md) has the exit codes.

{len(CASES)} faults with {len(found)} libraries; {failed} did not end as they must. Made by
`python tests/execution/rebalance/fault_matrix.py`; `make test` runs the same cases.

| fault | {" | ".join(found)} |
|---|{"---|" * len(found)}"""
    for name, case in CASES.items():
        yield f"| {name} | {' | '.join(cell(case, stories[name]) for stories in found.values())} |"


def main() -> None:
    """Print the whole matrix; end with 1 if anything in it is not as it must be."""
    calm_bars()  # computed once, before there are threads
    found: dict[str, dict[str, Story]] = {}
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        for library in LIBRARIES:
            process = stack.enter_context(zygote(library))
            stories = {name: pool.submit(story, process, case) for name, case in CASES.items()}
            found[library] = {name: pending.result() for name, pending in stories.items()}
    sys.stdout.write("\n".join(page(found)) + "\n")
    sys.exit(any(wrong(CASES[name], happened) for stories in found.values() for name, happened in stories.items()))


if __name__ == "__main__":
    main()
