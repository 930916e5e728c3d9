"""The dbt project: its folder, and the state that its files are in."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "dbt_project"
PARSED = "parsed_project"
"""Name of the file beside a home's manifest that holds the fingerprint of what was parsed."""


def fingerprint() -> str:
    """Return a digest (hex) of where the project stands, of each file's size and time of change, and of its reader."""
    files = sorted(file for file in PROJECT.rglob("*") if file.suffix in {".sql", ".yml"})
    files.append(Path(__file__).with_name("compiler.py"))
    states = [f"{file} {(state := file.stat()).st_size} {state.st_mtime_ns}" for file in files]
    versions = [f"{name} {version(name)}" for name in ("dbt-core", "dbt-duckdb")]
    return hashlib.sha256("\n".join([*states, *versions]).encode()).hexdigest()
