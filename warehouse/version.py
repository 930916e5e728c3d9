"""The version of this program."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

DISTRIBUTION = "swing-portfolio"


def code_version() -> str:
    """Return the distribution's version and the commit: git's (with + if files differ from it), or a file's.

    An image has no git: its build leaves the commit in the file COMMIT.
    """
    commit = _commit(Path(__file__).parent.parent)
    return f"{version(DISTRIBUTION)} {commit}".strip()


def _commit(root: Path) -> str:
    """Return the commit of a checkout or an image; empty where neither tells it."""
    told = root / "COMMIT"
    if told.is_file():
        return told.read_text(encoding="utf-8").strip()
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],  # noqa: S607 - git is optional
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return described.stdout.strip()
