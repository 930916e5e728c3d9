"""The version of this program."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

DISTRIBUTION = "swing-portfolio"


def code_version() -> str:
    """Return the distribution's version and, in a git checkout, the commit (with + if files differ from it)."""
    root = Path(__file__).parent.parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],  # noqa: S607 - git is optional
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return version(DISTRIBUTION)
    return f"{version(DISTRIBUTION)} {described.stdout.strip()}".strip()
