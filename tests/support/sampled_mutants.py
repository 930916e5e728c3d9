"""Keeps a random sample of a session's mutants: all of them would take a day."""

from __future__ import annotations

import random
import sqlite3
import sys


def keep(session: str, size: int, seed: int) -> int:
    """Delete all but `size` mutants of a cosmic-ray session; return how many there were."""
    with sqlite3.connect(session) as connection:
        every = [job for (job,) in connection.execute("SELECT job_id FROM work_items ORDER BY job_id")]
        dropped = set(every) - set(random.Random(seed).sample(every, min(size, len(every))))  # noqa: S311 - no secret
        for table in ("mutation_specs", "work_items"):
            connection.executemany(f"DELETE FROM {table} WHERE job_id = ?", [(job,) for job in dropped])
    return len(every)


if __name__ == "__main__":
    path, size, seed = sys.argv[1:]
    sys.stdout.write(f"{size} of {keep(path, int(size), int(seed)):,} mutants, seed {seed}\n")
