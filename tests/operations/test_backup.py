"""Backup and restore: what comes back is what was there, and nothing is called done that was not read whole."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from execution.errors import LedgerError
from execution.installation import Installation
from execution.ledger.events import Event, Scope, SwitchChange
from execution.models import Switch
from execution.service import open_ledger
from operations.backup import back_up, restore
from warehouse.errors import LakeBusyError, LakeError, MachineError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A home with a warehouse, a ledger that is open for writing, a configuration, a switch and a secret."""
    home = tmp_path / "home with a 'quote'"
    installation = Installation(home)
    with installation.lake.lock(), installation.lake.writer() as connection:
        connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(1_000)")
    (home / "portfolio.yaml").write_text("strategy: {top_n: 1}\n", encoding="utf-8")
    (home / "HALTED").touch()
    (home / "secrets").mkdir()
    (home / "secrets" / "tiingo").write_text("key", encoding="utf-8")
    (home / "dbt").mkdir()
    (home / "dbt" / "manifest.json").write_text("{}", encoding="utf-8")
    _record(installation)
    return installation


def _record(installation: Installation) -> None:
    with open_ledger(installation) as ledger:
        ledger.append(Event(Scope("DU1", "run"), SwitchChange(Switch.HALTED, "test", "a person")))


def test_a_backup_brings_everything_back(here: Installation, tmp_path: Path) -> None:
    """Warehouse, ledger, configuration and switch are as they were; secrets and scratch files are not in it."""
    archive, contents = back_up(here, tmp_path / "disk", NOW)
    assert archive.name == "swing-2026-11-28T120000Z.zip"
    assert list(archive.parent.iterdir()) == [archive]

    there = Installation(tmp_path / "new")
    assert restore(archive, there.home) == contents

    with there.lake.reader() as connection:
        assert connection.execute("SELECT sum(n) FROM numbers").fetchall() == [(499_500,)]
    with open_ledger(there) as restored, open_ledger(here) as ledger:
        assert restored.rows() == ledger.rows()
        assert restored.ledger_id == ledger.ledger_id
    assert (there.home / "portfolio.yaml").read_text(encoding="utf-8") == "strategy: {top_n: 1}\n"
    assert (there.home / "HALTED").exists()
    assert not (there.home / "secrets").exists()
    assert not (there.home / "dbt").exists()
    assert {file.stat().st_mode & 0o077 for file in there.home.rglob("*")} == {0}


def test_a_ledger_in_use_is_copied_with_its_write_ahead_log(here: Installation, tmp_path: Path) -> None:
    """What was committed is in the copy, whether or not its file has it yet."""
    with open_ledger(here) as ledger:
        ledger.append(Event(Scope("DU1", "run"), SwitchChange(Switch.NORMAL, "goes on", "a person")))
        assert (here.home / "ledger.sqlite-wal").stat().st_size
        _, contents = back_up(here, tmp_path / "disk", NOW)
        assert contents.ledger_events == len(ledger.rows())


def test_a_ledger_elsewhere_is_in_it(here: Installation, tmp_path: Path) -> None:
    """SWING_LEDGER may name a file outside the home."""
    elsewhere = tmp_path / "elsewhere.sqlite"
    shutil.copy(here.home / "ledger.sqlite", elsewhere)
    apart = Installation(here.home, ledger_url=f"sqlite:///{elsewhere}")
    _record(apart)
    archive, contents = back_up(apart, tmp_path / "disk", NOW)
    assert contents.ledger_events == 2
    assert restore(archive, tmp_path / "new").ledger_events == 2


def test_nothing_is_overwritten(here: Installation, tmp_path: Path) -> None:
    """A home in use refuses a restore, and stays as it is."""
    archive, _ = back_up(here, tmp_path / "disk", NOW)
    _record(here)
    with pytest.raises(LakeError, match="is not empty, and nothing in it is overwritten"):
        restore(archive, here.home)
    with open_ledger(here) as ledger:
        assert len(ledger.rows()) == 2


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A mistyped path makes no home."""
    with pytest.raises(LakeError, match="There is no archive"):
        restore(tmp_path / "swing-none.zip", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("damage", ["cut", "byte", "other"])
def test_a_damaged_archive_restores_nothing(here: Installation, tmp_path: Path, damage: str) -> None:
    """Cut short, one byte changed, or something else altogether: refused, and the new home is not made."""
    archive, _ = back_up(here, tmp_path / "disk", NOW)
    content = bytearray(archive.read_bytes())
    match damage:
        case "cut":
            content = content[: len(content) // 2]
        case "byte":
            content[len(content) // 3] ^= 0xFF
        case _:
            content = bytearray(b"bars")
    archive.write_bytes(content)
    with pytest.raises(LakeError, match="damaged"):
        restore(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".swing-restore-*"))


def test_an_archive_that_says_otherwise_is_refused(here: Installation, tmp_path: Path) -> None:
    """A ledger that somebody put into an archive is not the one that was backed up."""
    archive, _ = back_up(here, tmp_path / "disk", NOW)
    _record(here)
    with open_ledger(here):
        pass
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            mine = here.home / entry.filename if entry.filename == "ledger.sqlite" else None
            new.writestr(entry, mine.read_bytes() if mine else old.read(entry))
    with pytest.raises(LakeError, match="does not hold what it says"):
        restore(changed, tmp_path / "new")


def test_a_changed_ledger_is_not_backed_up_as_sound(here: Installation, tmp_path: Path) -> None:
    """The chain of digests is checked before the archive gets its name."""
    with sqlite3.connect(here.home / "ledger.sqlite") as connection:
        connection.execute("DROP TRIGGER events_refuse_UPDATE")
        connection.execute("UPDATE events SET payload = replace(payload, 'a person', 'nobody')")
    with pytest.raises(LedgerError, match="somebody changed the database"):
        back_up(here, tmp_path / "disk", NOW)
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_missing_file_of_the_warehouse_is_found(here: Installation, tmp_path: Path) -> None:
    """A backup of a damaged warehouse says so while the good files may still be somewhere."""
    next((here.home / "data").rglob("*.parquet")).unlink()
    with pytest.raises(LakeError, match="damaged or missing"):
        back_up(here, tmp_path / "disk", NOW)


def test_a_folder_within_the_home_is_refused(here: Installation) -> None:
    """A backup that dies with what it backs up is none."""
    with pytest.raises(MachineError, match="a backup must survive it"):
        back_up(here, here.home / "backups", NOW)
    assert not (here.home / "backups").exists()


def test_a_running_writer_is_waited_for(here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse is never copied halfway through a run."""
    monkeypatch.setattr("operations.backup.LOCK_PATIENCE_SECONDS", 0)
    with here.lake.lock(), pytest.raises(LakeBusyError, match="Another run is writing"):
        back_up(here, tmp_path / "disk", NOW)
