"""Keeps a random sample of a session's mutants, for all of them would take a day, and tells the score.

python tests/support/sampled_mutants.py keep SESSION SIZE SEED
python tests/support/sampled_mutants.py score SESSION
"""

from __future__ import annotations

import ast
import math
import random
import sqlite3
import sys
from functools import cache
from pathlib import Path

Span = tuple[tuple[int, int], tuple[int, int]]
Z = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""
WHERE = "module_path, start_pos_row, start_pos_col"


def keep(session: str, size: int, seed: int) -> int:
    """Delete all but `size` mutants of a cosmic-ray session; return how many could be told by a test."""
    with sqlite3.connect(session) as connection:
        order = f"{WHERE}, operator_name, occurrence"
        specs = connection.execute(f"SELECT job_id, {WHERE} FROM mutation_specs ORDER BY {order}").fetchall()
        real = [job for job, path, row, column in specs if not cannot_be_told(path, (row, column))]
        # Job ids are random: by its place in the source, a seed draws the same mutants of the same source.
        kept = set(random.Random(seed).sample(real, min(size, len(real))))  # noqa: S311 - no secret
        for table in ("mutation_specs", "work_items"):
            dropped = [(job,) for job, *_ in specs if job not in kept]
            connection.executemany(f"DELETE FROM {table} WHERE job_id = ?", dropped)
    return len(real)


def cannot_be_told(path: str, place: tuple[int, int]) -> bool:
    """Return True for a place within an annotation, below TYPE_CHECKING, or of `slots`: no test sees a change there."""
    return any(start <= place < end for start, end in _unseen_spans(path))


@cache
def _unseen_spans(path: str) -> tuple[Span, ...]:
    nodes: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        nodes += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.append(node)
        if isinstance(node, ast.keyword) and node.arg == "slots":
            nodes.append(node.value)
    return tuple(
        ((it.lineno, it.col_offset), (it.end_lineno or it.lineno, it.end_col_offset or 0))
        for it in nodes
        if isinstance(it, ast.expr | ast.stmt)
    )


def score(session: str) -> str:
    """Say how many of the mutants that were tried the tests have killed, with the interval of all of them."""
    with sqlite3.connect(session) as connection:
        tried = [outcome for (outcome,) in connection.execute("SELECT test_outcome FROM work_results")]
    killed = sum(outcome != "SURVIVED" for outcome in tried)
    low, high = interval(killed, len(tried))
    return f"Killed {killed} of {len(tried)}: {killed / len(tried):.0%} (95% interval: {low:.0%} to {high:.0%})"


def interval(hits: int, tries: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, for one try or more."""
    share, spread = hits / tries, Z * Z / tries
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / tries + spread / (4 * tries))
    return middle - half, middle + half


def main(command: str, session: str, *numbers: str) -> None:
    """Do as the module says."""
    if command == "score":
        sys.stdout.write(score(session) + "\n")
        return
    size, seed = map(int, numbers)
    sys.stdout.write(f"{size} of {keep(session, size, seed):,} mutants, seed {seed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
