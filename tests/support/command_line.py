"""The installed `swing` command, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.lake import Lake

SWING = Path(sys.executable).with_name("swing")


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Swing:
    """The installed command, on a home of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a user's shell would hold."""
        return dict(os.environ) | {"SWING_HOME": str(self.home)}

    @property
    def lake(self) -> Lake:
        """The lake that it works on."""
        return Lake(self.home)

    def __call__(self, *arguments: str) -> Said:
        """Run `swing` beside its home, as a user would, and wait for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [SWING, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)
