"""Ledgers of earlier versions open, verify and go on; those of later ones are left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa
from happenings import ACCOUNT, NOW, SCOPE, SESSION, STRATEGY, event, execution, order

from execution.brokers.base import Fault
from execution.errors import LedgerError
from execution.ledger.database import Database
from execution.ledger.events import Claim, EventKind, SchemaChange
from execution.ledger.ledger import Ledger
from execution.ledger.migrations import MIGRATIONS, SCHEMA_VERSION, schema_version
from execution.ledger.schema import metadata, versions
from execution.models import Notice, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).with_name("fixtures")
COMMITS = ("cb20510", "c124b35")
"""Each made the ledgers of its name: one event of each kind of that time, a correction, a rejection and a dry run."""
RECORDED = 21


@pytest.fixture(params=COMMITS)
def old_url(request: pytest.FixtureRequest, url: str) -> str:
    """URL of a ledger that a commit has made."""
    if url.startswith("sqlite"):
        shutil.copy(FIXTURES / f"{request.param}.sqlite", url.removeprefix("sqlite:///"))
    else:
        with psycopg.connect(url) as server:
            server.execute((FIXTURES / f"{request.param}.sql").read_bytes())
    return url


@pytest.fixture
def old(old_url: str) -> Iterator[Ledger]:
    """That ledger, opened by this program."""
    ledger = Ledger.open(old_url)
    yield ledger
    ledger.close()


def test_an_old_ledger_is_migrated_once(old: Ledger, old_url: str) -> None:
    """Each missing migration is recorded as an event of its own; opening again changes nothing."""
    changes = [each.event.payload for each in old.read() if each.event.kind is EventKind.SCHEMA_CHANGED]
    assert changes == [SchemaChange(number, migration.purpose) for number, migration in enumerate(MIGRATIONS, 1)]
    Ledger.open(old_url).close()
    assert old.verify() == RECORDED + len(MIGRATIONS)


def test_an_old_ledger_takes_new_events(old: Ledger) -> None:
    """The chain of digests goes on behind the last old event, and what was recorded once stays recorded once."""
    assert old.append(event(Claim(NOW)), event(order())) == 0
    assert old.append(event(Claim(NOW), replace(SCOPE, session_date=SESSION.replace(day=4)))) == 1
    assert old.verify() == RECORDED + len(MIGRATIONS) + 1


def test_an_old_ledger_tells_what_happened(old: Ledger) -> None:
    """The session, its order with the corrected execution, the positions and the switch are read as they were meant."""
    session = old.session(ACCOUNT, STRATEGY, SESSION)
    assert session.finish is not None
    state = session.orders[order().order_ref]
    assert (state.status, state.sends, state.filled) == (OrderStatus.SUBMITTED, 2, Decimal(9))
    assert [each.exec_id for each in state.executions] == ["0000e0d5.65f1a2b3.01.02"]
    assert (state.average_price, state.commission) == (Decimal("500.5"), Decimal("0.35"))
    # What the first reconciliation states, 1.5 shares, nobody accepted: every program that traded marked an acceptance.
    assert old.positions(ACCOUNT) == {"SPY": Decimal(9)}
    assert old.switch(ACCOUNT) == "normal"


def test_a_correction_replaces_what_an_old_program_recorded(old: Ledger) -> None:
    """A correction heard today belongs to the execution that was recorded without base id and revision."""
    old.append(event(execution(order(), "0000e0d5.65f1a2b3.01.03", 8)))
    (corrected,) = old.session(ACCOUNT, STRATEGY, SESSION).orders[order().order_ref].executions
    assert (corrected.revision, corrected.quantity, corrected.commission) == (3, Decimal(8), Decimal("0.35"))


def test_old_notices_are_ambiguous(old: Ledger) -> None:
    """Nothing is concluded from a notice that was recorded without its fault."""
    notices = [each.event.payload for each in old.read() if isinstance(each.event.payload, Notice)]
    assert [notice.code for notice in notices] == [399, 201]
    assert {notice.fault for notice in notices} == {Fault.AMBIGUOUS}


def test_a_migrated_ledger_is_made_as_a_new_one(old: Ledger, tmp_path: Path) -> None:
    """After its migrations an old ledger has the tables, columns and indexes of one made today."""
    fresh = Ledger.open(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    with old._database.engine.connect() as migrated, fresh._database.engine.connect() as made:
        assert schema_version(migrated) == schema_version(made) == SCHEMA_VERSION
        assert _shape(migrated) == _shape(made)
    assert fresh.verify() == 0
    fresh.close()


def _shape(connection: sa.Connection) -> dict[str, tuple[list[tuple[str, bool]], set[str | None]]]:
    """Columns (name, may be null) and named indexes by table."""
    tables = sa.inspect(connection)
    return {
        name: (
            [(column["name"], column["nullable"]) for column in tables.get_columns(name)],
            {index["name"] for index in tables.get_indexes(name) if not index["unique"]},
        )
        for name in metadata.tables
    }


def test_a_migration_has_a_purpose() -> None:
    """The ledger records it as a sentence."""
    assert all(migration.purpose.endswith(".") for migration in MIGRATIONS)


def test_a_newer_ledger_is_left_alone(ledger: Ledger, url: str) -> None:
    """A ledger of a version to come is refused with what to do, and no row of it changes."""
    ledger.append(event(Claim(NOW)))
    with ledger._database.engine.begin() as connection:
        connection.execute(sa.insert(versions), {"version": SCHEMA_VERSION + 1, "reached_at": "tomorrow"})
    before = ledger.rows()
    with pytest.raises(LedgerError, match=f"schema version {SCHEMA_VERSION + 1}.*update this program") as refused:
        Ledger.open(url)
    assert refused.value.exit_code == 14
    assert ledger.rows() == before
    with ledger._database.reading() as connection:
        assert schema_version(connection) == SCHEMA_VERSION + 1


def test_a_migration_that_fails_changes_nothing(old_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a later step of the migrations fails, the earlier ones are undone with it."""

    def fail(_connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("CREATE", {}, Exception("the disk is full"))

    broken = (*MIGRATIONS, replace(MIGRATIONS[-1], apply=fail))
    with monkeypatch.context() as patched:
        patched.setattr("execution.ledger.migrations.MIGRATIONS", broken)
        with pytest.raises(LedgerError, match="disk is full"):
            Database.open(old_url)
    ledger = Ledger.open(old_url)
    assert ledger.verify() == RECORDED + len(MIGRATIONS)
    ledger.close()
