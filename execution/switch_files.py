"""Switches left as files: every trading path obeys them, and they need no ledger, no configuration and no free space.

An empty file says everything by its name, so that even a full disk takes it. `swing resume` removes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from execution.models import Switch

FALLBACKS = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - where the home cannot be written, these mostly can
NAMES = {Switch.HALTED: "HALTED", Switch.REDUCE_ONLY: "REDUCE_ONLY"}


def strictest(*switches: Switch) -> Switch:
    """Return the switch that counts where several places hold one: the order of `Switch` is from lax to strict."""
    return max(switches, key=list(Switch).index)


@dataclass(frozen=True, slots=True)
class SwitchFiles:
    """Switch files of one installation.

    Attributes:
        places: Beginnings of their paths, in the order in which they are tried; a switch's name completes each.
    """

    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, home: Path) -> Self:
        """Name the home, and the fallbacks with the home's digest in place of its path."""
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        return cls((f"{home}/", *(f"{folder}/swing-{digest}-" for folder in FALLBACKS)))

    def read(self) -> Switch:
        """Return the strictest switch of all places; a place that cannot be looked at counts as a halt."""
        for switch in (Switch.HALTED, Switch.REDUCE_ONLY):
            if any(_may_exist(path) for path in self._paths(switch)):
                return switch
        return Switch.NORMAL

    def post(self, switch: Switch, note: str) -> Path | None:
        """Leave a file for a switch at the first place that takes it; None if none does.

        Args:
            switch: Not NORMAL.
            note: Person and reason, for people; left out where there is no room.
        """
        for path in self._paths(switch):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            except (OSError, ValueError):
                continue
            with contextlib.suppress(OSError):
                path.write_text(f"{note}\n", encoding="utf-8", errors="backslashreplace")
            return path
        return None

    def clear(self, *switches: Switch) -> list[Path]:
        """Remove the files of these switches; return those that are still there."""
        left = []
        for path in (path for switch in switches for path in self._paths(switch)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            if _may_exist(path):
                left.append(path)
        return left

    def _paths(self, switch: Switch) -> list[Path]:
        return [Path(f"{place}{NAMES[switch]}") for place in self.places]


def _may_exist(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True
