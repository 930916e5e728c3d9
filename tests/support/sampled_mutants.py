"""Keeps a random sample of a session's mutants: all of them would take a day. What only types say is left out."""

from __future__ import annotations

import ast
import random
import sqlite3
import sys
from functools import cache
from pathlib import Path

Span = tuple[tuple[int, int], tuple[int, int]]
WHERE = "module_path, start_pos_row, start_pos_col"


def keep(session: str, size: int, seed: int) -> int:
    """Delete all but `size` mutants of a cosmic-ray session; return how many could be told by a test."""
    with sqlite3.connect(session) as connection:
        order = f"{WHERE}, operator_name, occurrence"
        specs = connection.execute(f"SELECT job_id, {WHERE} FROM mutation_specs ORDER BY {order}").fetchall()
        real = [job for job, path, row, column in specs if not is_of_types(path, (row, column))]
        # Job ids are random: by its place in the source, a seed draws the same mutants of the same source.
        kept = set(random.Random(seed).sample(real, min(size, len(real))))  # noqa: S311 - no secret
        for table in ("mutation_specs", "work_items"):
            dropped = [(job,) for job, *_ in specs if job not in kept]
            connection.executemany(f"DELETE FROM {table} WHERE job_id = ?", dropped)
    return len(real)


def is_of_types(path: str, place: tuple[int, int]) -> bool:
    """Return True for a place within an annotation or below TYPE_CHECKING: nothing of it is evaluated."""
    return any(start <= place < end for start, end in _type_spans(path))


@cache
def _type_spans(path: str) -> tuple[Span, ...]:
    nodes: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        nodes += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.append(node)
    return tuple(
        ((it.lineno, it.col_offset), (it.end_lineno or it.lineno, it.end_col_offset or 0))
        for it in nodes
        if isinstance(it, ast.expr | ast.stmt)
    )


if __name__ == "__main__":
    path, size, seed = sys.argv[1:]
    sys.stdout.write(f"{size} of {keep(path, int(size), int(seed)):,} mutants, seed {seed}\n")
