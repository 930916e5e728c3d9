"""The calendar as it was computed, kept in a file: to import what computes it, and to compute it, takes a second.

A file counts as long as the same calendar would be computed: by the library's version, by the zone's rules, and for as
far ahead as needed. One that cannot be read, or not be written, costs that second and nothing else.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from warehouse.files import write_atomically

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import numpy as np
    from numpy.typing import NDArray

FILE_NAME = "calendar.npz"
LIBRARY = "exchange_calendars"
_folders: list[Path] = []
"""The folder to keep it in; none until one is named."""


def keep_in(folder: Path) -> None:
    """Name the folder to keep the calendar in; it is made when the calendar is."""
    _folders[:] = [folder]


def state_of(zone: ZoneInfo, first: date) -> str:
    """Name what a calendar that begins with a day depends on: the library, and the zone's rules, this year and next."""
    year = datetime.now(UTC).year
    months = [datetime(year + ahead, month, 15, tzinfo=zone) for ahead in (0, 1) for month in range(1, 13)]
    return f"{version(LIBRARY)} {first} {' '.join(str(month.utcoffset()) for month in months)}"


def read(state: str, last: date) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]] | None:
    """Return sessions and closes (UTC) that were kept of a state and reach a day; None where none were."""
    import numpy as np  # noqa: PLC0415 - who only names the folder needs no arrays

    for folder in _folders:
        with suppress(OSError, ValueError, LookupError, zipfile.BadZipFile), np.load(folder / FILE_NAME) as kept:
            if str(kept["state"]) == state and kept["last"] >= np.datetime64(last):
                return kept["days"], kept["closes"]
    return None


def write(state: str, last: date, days: NDArray[np.datetime64], closes: NDArray[np.datetime64]) -> None:
    """Keep what was computed up to a day, if a folder is named."""
    import numpy as np  # noqa: PLC0415 - as above

    content = io.BytesIO()
    np.savez(content, state=state, last=np.datetime64(last), days=days, closes=closes)
    for folder in _folders:
        with suppress(OSError):
            write_atomically(folder / FILE_NAME, content.getvalue())
