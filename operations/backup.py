"""Backups of a home: one archive of configuration, warehouse, ledger, switches and run history, taken while all go on.

Databases are copied by SQLite's own online backup, so that a copy holds whole transactions, those in a write-ahead log
among them. Left out are locks, what dbt writes anew, and secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from execution.errors import LedgerError
from execution.installation import Installation
from execution.ledger import FILE_NAME as LEDGER_FILE
from execution.service import open_ledger
from warehouse.errors import LakeError, MachineError
from warehouse.lake import current_snapshot
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

CONTENTS = "backup.json"
DATABASE = b"SQLite format 3\0"
LEFT_OUT = ("dbt", "kept", "secrets")
LOCK_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Contents:
    """Facts of what an archive holds.

    Attributes:
        made_at: ISO 8601, UTC.
        code_version: Of the program that made it.
        snapshot: The warehouse's newest; None without a warehouse.
        ledger_events: Number of events in the ledger; None if it is not in the archive.
        ledger_digest: Of the newest event; None without one.
    """

    made_at: str
    code_version: str
    snapshot: int | None
    ledger_events: int | None
    ledger_digest: str | None

    @classmethod
    def of(cls, home: Path, made_at: str, version: str) -> Self:
        """Read a home whole: every file that the warehouse's newest state needs, and every event of the ledger.

        Raises:
            LakeError: A file of the warehouse is missing or cannot be read.
            LedgerError: The ledger cannot be read, or was changed.
        """
        here = Installation(home)
        events, digest = _newest_event(home / LEDGER_FILE)
        if events is not None:
            with open_ledger(here) as ledger:
                ledger.verify()
        return cls(made_at, version, _read_whole(here), events, digest)


def back_up(installation: Installation, folder: Path, now: datetime) -> tuple[Path, Contents]:
    """Write an archive, read it back whole, and only then give it its name.

    Args:
        installation: What is copied; its ledger too, wherever its file is.
        folder: Where the archive goes; made if it is not there.
        now: The time, aware.

    Returns:
        Path of the archive, and what it holds.

    Raises:
        SwingError: There is nothing to copy, a copy is not sound, or the machine refused. No archive is left.
    """
    home = installation.home
    if not home.is_dir():
        raise LakeError(f"There is nothing to back up: {home} is no folder. Set SWING_HOME to the one that is in use.")
    if folder.resolve().is_relative_to(home.resolve()):
        raise MachineError(f"{folder} lies within {home}: a backup must survive it. Name a folder elsewhere.")
    archive = folder / f"swing-{now:%Y-%m-%dT%H%M%SZ}.zip"
    unfinished = archive.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with installation.lake.lock(LOCK_PATIENCE_SECONDS), tempfile.TemporaryDirectory(dir=folder) as scratch:
            with zipfile.ZipFile(unfinished, "w", strict_timestamps=False) as packed:
                for name, file in _files(installation, Path(scratch)):
                    packed.write(file, name)
            contents = _try_out(unfinished, Path(scratch) / "whole", f"{now:%Y-%m-%dT%H:%M:%SZ}", code_version())
            with zipfile.ZipFile(unfinished, "a") as packed:
                packed.writestr(CONTENTS, json.dumps(asdict(contents), indent=2))
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
        unfinished.rename(archive)
    finally:
        unfinished.unlink(missing_ok=True)
    return archive, contents


def restore(archive: Path, home: Path) -> Contents:
    """Unpack an archive beside a home, read it whole, and only then put it in place.

    Args:
        archive: A file that `back_up` has written.
        home: Must not be there yet, or be empty.

    Raises:
        SwingError: The home is in use, or the archive is damaged or none. Nothing was changed.
    """
    if not archive.is_file():
        raise LakeError(f"There is no archive {archive}. `swing backup` writes them as swing-DATE.zip.")
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise LakeError(
            f"{home} is not empty, and nothing in it is overwritten. Move it away, or set SWING_HOME to a new folder."
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".swing-restore-") as scratch:
        unpacked = Path(scratch) / "home"
        promised = _contents(archive)
        found = _try_out(archive, unpacked, promised.made_at, promised.code_version)
        if found != promised:
            raise LakeError(
                f"{archive} does not hold what it says: {found} instead of {promised}. Take another backup; nothing "
                "was changed."
            )
        (unpacked / CONTENTS).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            home.rmdir()
        unpacked.rename(home)
    return promised


def _files(installation: Installation, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file's name in the archive and where it can be read, databases as sound copies."""
    home = installation.home
    outside = _ledger_outside(installation)
    found = [
        (file.relative_to(home), file)
        for file in sorted(home.rglob("*"))
        if file.is_file() and not _is_left_out(file.relative_to(home))
    ]
    if outside is not None:
        found = [(name, file) for name, file in found if name != Path(LEDGER_FILE)] + [(Path(LEDGER_FILE), outside)]
    for name, file in found:
        yield str(name), _sound(file, scratch) if _is_database(file) else file


def _is_left_out(name: Path) -> bool:
    return name.parts[0] in LEFT_OUT or name.name.endswith((".lock", "-wal", "-shm", "-journal"))


def _ledger_outside(installation: Installation) -> Path | None:
    """Return the ledger's file if it is not the home's own; None too for a ledger on a server."""
    url = installation.ledger_url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _is_database(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(DATABASE)) == DATABASE


def _sound(file: Path, scratch: Path) -> Path:
    """Copy a database that others may be writing."""
    copy = scratch / "copy.sqlite"
    copy.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(file)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise MachineError(
            f"The database {file} cannot be copied: {error}. The disk may be full, or the file damaged. "
            "No backup was written."
        ) from error
    return copy


def _contents(archive: Path) -> Contents:
    try:
        with zipfile.ZipFile(archive) as packed:
            return Contents(**json.loads(packed.read(CONTENTS)))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise LakeError(
            f"{archive} is no backup of this program, or is damaged. Take another; nothing was changed."
        ) from error


def _try_out(archive: Path, folder: Path, made_at: str, version: str) -> Contents:
    """Unpack an archive into a new folder, and read it whole as an installation would."""
    try:
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                packed.extract(entry, folder)
    except (zipfile.BadZipFile, EOFError) as error:
        raise LakeError(f"{archive} is damaged: {error}. Take another backup; nothing was changed.") from error
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return Contents.of(folder, made_at, version)


def _newest_event(ledger: Path) -> tuple[int | None, str | None]:
    """Return number and digest of a ledger's newest event, before opening it can migrate it; None without a ledger."""
    if not ledger.exists():
        return None, None
    try:
        with contextlib.closing(sqlite3.connect(ledger)) as connection:
            rows = connection.execute("SELECT sequence, digest FROM events ORDER BY sequence DESC LIMIT 1").fetchall()
    except sqlite3.Error as error:
        raise LedgerError(f"The ledger {ledger} cannot be read: {error}.") from error
    return rows[0] if rows else (0, None)


def _read_whole(installation: Installation) -> int | None:
    """Read every file that the warehouse's newest state needs; return its snapshot, None without a warehouse."""
    if not installation.lake.catalog.exists():
        return None
    with installation.lake.reader() as connection:
        for schema, table in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
        ).fetchall():
            connection.execute(f'SELECT max(hash(rows)) FROM "{schema}"."{table}" AS rows').fetchall()
        return current_snapshot(connection)
