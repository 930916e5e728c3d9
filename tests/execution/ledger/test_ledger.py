"""The ledger as a store: append-only, once only, chained, exported."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from happenings import ACCOUNT, NOW, SCOPE, SESSION, STRATEGY, commission, event, execution, one_of_each, order, plan

from execution.errors import LedgerBusyError, LedgerError
from execution.ledger.events import Claim, EventKind, Finish, Scope, SwitchChange
from execution.ledger.ledger import Ledger, ledger_url
from execution.ledger.schema import events
from execution.models import Alarm, Notice, Switch
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from execution.ledger.events import Payload


def test_every_kind_comes_back_as_it_was(ledger: Ledger) -> None:
    """One event of each kind is read back equal, in order, numbered from 1."""
    payloads = one_of_each()
    assert ledger.append(*map(event, payloads)) == len(EventKind)
    found = list(ledger.read())
    assert [recorded.event for recorded in found] == [event(payload) for payload in payloads]
    assert [recorded.sequence for recorded in found] == list(range(1, len(payloads) + 1))
    assert {recorded.event.kind for recorded in found} == set(EventKind)


def test_what_is_written_outlives_the_process(ledger: Ledger, url: str) -> None:
    """A ledger opened again holds what was appended, and goes on from there."""
    ledger.append(event(Claim(NOW)))
    ledger.close()
    again = Ledger.open(url)
    assert again.append(event(Claim(NOW))) == 0
    assert again.append(event(Notice(2104, "ok"))) == 1
    assert again.verify() == 2
    again.close()


@pytest.mark.parametrize(
    "payload",
    [payload for payload in one_of_each() if event(payload).unique_key],
    ids=lambda payload: type(payload).__name__,
)
def test_what_happens_once_is_recorded_once(ledger: Ledger, payload: Payload) -> None:
    """A second event with the same unique key writes nothing and returns 0, in another run too."""
    assert ledger.append(event(payload)) == 1
    assert ledger.append(event(payload, replace(SCOPE, run_id="run-2"))) == 0
    assert ledger.verify() == 1


def test_keys_are_of_one_account(ledger: Ledger) -> None:
    """The same session and order of another account, and any dry run, are other events."""
    others = [replace(SCOPE, account_id="DU7"), *[replace(SCOPE, mode=Mode.DRY_RUN)] * 2]
    for scope in (SCOPE, *others):
        assert ledger.append(event(Claim(NOW), scope), event(order(), scope)) == 2


def test_blocked_plans_may_repeat(ledger: Ledger) -> None:
    """A plan that was refused as a whole leaves the session free to be planned again; a plan does not."""
    assert [ledger.append(event(plan(is_blocked=True))) for _ in range(2)] == [1, 1]
    assert [ledger.append(event(plan(order(quantity=each)))) for each in (1, 2)] == [1, 0]
    found = ledger.session(ACCOUNT, STRATEGY, SESSION)
    assert found.plan == plan(order(quantity=1))


def test_an_execution_with_its_commission_is_two_facts(ledger: Ledger) -> None:
    """An execution first heard without commission and then with it gains the commission, once."""
    bare = execution(order(), "a.01", 10)
    whole = replace(bare, commission=execution(order(), "a.01", 2).quantity)
    assert [ledger.append(event(each)) for each in (bare, whole, whole)] == [1, 1, 0]


def test_what_is_heard_in_a_later_session_counts(ledger: Ledger) -> None:
    """An execution that is recorded under the next session fills the order that it names."""
    tomorrow = replace(SCOPE, session_date=SESSION + timedelta(days=1))
    ledger.append(event(plan(order())), event(order()), event(execution(order(), "a.01", 10), tomorrow))
    found = ledger.session(ACCOUNT, STRATEGY, SESSION).orders[order().order_ref]
    assert found.filled == 10


@pytest.mark.parametrize("cost", ["NaN", "Infinity"])
def test_what_could_not_be_read_again_is_not_recorded(ledger: Ledger, cost: str) -> None:
    """An amount that is no number is refused, with all that was to be recorded beside it."""
    with pytest.raises(LedgerError, match="commission_reported"):
        ledger.append(event(Claim(NOW)), event(commission("a.01", cost)))
    assert ledger.verify() == 0


def test_the_broker_s_words_are_recorded_whatever_they_are(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """Half a character, a zero byte, quotes and line ends in a message stop neither ledger, export nor log."""
    ledger.append(event(Alarm('half \ud800, zero \x00, "quoted"\n')))
    (recorded,) = ledger.read()
    assert recorded.event.payload == Alarm('half ?, zero \x00, "quoted"\n')
    assert ledger.verify() == 1
    assert r"half \ud800, zero" in caplog.text


@pytest.mark.parametrize(
    "change", ["UPDATE events SET payload = '{}'", "DELETE FROM events", "UPDATE events SET sequence = 9"]
)
def test_nothing_is_changed_or_removed(ledger: Ledger, change: str) -> None:
    """The database itself refuses to update or delete an event."""
    ledger.append(event(Claim(NOW)))
    with (
        pytest.raises(sa.exc.DBAPIError, match="the ledger is append-only"),
        ledger._database.engine.begin() as connection,
    ):
        connection.exec_driver_sql(change)
    assert ledger.verify() == 1


def test_tampering_shows(ledger: Ledger) -> None:
    """With the triggers gone, a changed row and a missing one break the chain at that row."""
    ledger.append(*(event(Notice(each, "note")) for each in range(5)))
    is_sqlite = ledger._database.engine.dialect.name == "sqlite"
    with ledger._database.engine.begin() as connection:
        for drop in (
            ["DROP TRIGGER events_refuse_UPDATE", "DROP TRIGGER events_refuse_DELETE"]
            if is_sqlite
            else ["DROP TRIGGER events_refuse ON events"]
        ):
            connection.exec_driver_sql(drop)
        was: str = connection.execute(sa.select(events.c.payload).where(events.c.sequence == 3)).scalar_one()
        _set_payload(connection, was.replace("note", "nota"))
    with pytest.raises(LedgerError, match="Event 3"):
        ledger.verify()
    with ledger._database.engine.begin() as connection:
        _set_payload(connection, was)
    assert ledger.verify() == 5
    with ledger._database.engine.begin() as connection:
        connection.execute(sa.delete(events).where(events.c.sequence == 2))
    with pytest.raises(LedgerError, match="Event 3"):
        ledger.verify()


def _set_payload(connection: sa.Connection, payload: str) -> None:
    connection.execute(sa.update(events).where(events.c.sequence == 3).values(payload=payload))


def test_export_is_one_event_a_line(ledger: Ledger, tmp_path: Path) -> None:
    """Each line is JSON with sorted keys that holds the event whole; the same ledger exports the same bytes."""
    ledger.append(*map(event, one_of_each()))
    file = tmp_path / "audit.jsonl"
    assert ledger.export(file) == len(EventKind)
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["kind"] for row in rows] == [event(payload).kind for payload in one_of_each()]
    assert [list(row) for row in rows] == [sorted(row) for row in rows]
    assert rows[1]["payload"]["account"]["positions"] == {"SPY": "1.5"}
    assert "ünïcödé" in lines[12]
    again = tmp_path / "again.jsonl"
    ledger.export(again)
    assert again.read_bytes() == file.read_bytes()


def test_one_process_trades_an_account(ledger: Ledger, url: str) -> None:
    """While an account is locked nobody else locks it; another account is free, and so is this one afterwards."""
    other = Ledger.open(url)
    with ledger.lock(ACCOUNT), other.lock("DU7"):
        with pytest.raises(LedgerBusyError, match=ACCOUNT), other.lock(ACCOUNT):
            pass
        assert other.append(event(Claim(NOW))) == 1
    with other.lock(ACCOUNT):
        pass
    other.close()


def test_the_newest_switch_holds(ledger: Ledger, url: str) -> None:
    """A halt of every account, or of this one, holds across restarts until resumed; other accounts' do not count."""
    everything, this, other = (Scope(account_id) for account_id in ("", ACCOUNT, "DU7"))
    assert ledger.switch(ACCOUNT) is Switch.NORMAL
    steps = [
        (everything, Switch.HALTED, Switch.HALTED),
        (this, Switch.REDUCE_ONLY, Switch.REDUCE_ONLY),
        (other, Switch.HALTED, Switch.REDUCE_ONLY),
        (everything, Switch.NORMAL, Switch.NORMAL),
    ]
    for scope, switch, expected in steps:
        ledger.append(event(SwitchChange(switch, "owner", "because"), scope))
        again = Ledger.open(url)
        assert again.switch(ACCOUNT) is expected
        again.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("mysql://root@127.0.0.1/test", "URL"),
        ("what is this", "URL"),
        ("postgresql://root@127.0.0.1:1/test", "cannot be used"),
        ("sqlite:////proc/nowhere/ledger.sqlite", "cannot be"),
        ("sqlite:///ledger.sqlite", "no absolute path"),
        ("sqlite:///:memory:", "no absolute path"),
        ("sqlite://", "no absolute path"),
    ],
)
def test_a_ledger_that_cannot_be_opened_says_why(wrong: str, said: str) -> None:
    """A wrong or unreachable place is a LedgerError that says what to do."""
    with pytest.raises(LedgerError, match=said):
        Ledger.open(wrong)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://root:hunter2@127.0.0.1:1/test",
        "postgresql://root@127.0.0.1:1/test?password=hunter2",
        "postgresql://root:hunter2@127.0.0.1:port/test",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    """The error of a ledger that cannot be reached names it without its password, wherever that stands."""
    with pytest.raises(LedgerError) as refused:
        Ledger.open(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["what?", "100%", "o'clock", "a b", "a\\b", "a#b", "ü"])
def test_a_ledger_lies_where_its_home_is_called(tmp_path: Path, name: str) -> None:
    """No character of the home leads to another file."""
    Ledger.open(ledger_url(tmp_path / name)).close()
    assert (tmp_path / name / "ledger.sqlite").exists()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    """A commit survives the loss of power: SQLite's synchronous is FULL on every connection."""
    ledger = Ledger.open(ledger_url(tmp_path))
    with ledger._database.reading() as first, ledger._database.reading() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ledger.close()


def test_a_writer_is_alone_from_its_start(tmp_path: Path) -> None:
    """It keeps off another before it has written anything, so that what it has read stays so."""
    ledger = Ledger.open(ledger_url(tmp_path))
    file = sa.make_url(ledger_url(tmp_path)).database
    assert file is not None
    with contextlib.closing(sqlite3.connect(file, timeout=0)) as other:
        with ledger._database.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
    ledger.close()


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    """A file of something else is refused, and stays as it was."""
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(b"not a database, " * 100)
    with pytest.raises(LedgerError):
        Ledger.open(f"sqlite:///{file}")
    assert file.read_bytes() == b"not a database, " * 100


def test_an_event_of_another_version_is_named(tmp_path: Path) -> None:
    """An event that cannot be understood stops the reading with its number."""
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.append(event(Claim(NOW)))
    with ledger._database.engine.begin() as connection:
        row = dict(connection.execute(sa.select(events)).mappings().one())
        row |= {"sequence": 2, "kind": "order_dreamt", "unique_key": None}
        connection.execute(sa.insert(events), row)
    with pytest.raises(LedgerError, match="Event 2"):
        list(ledger.read())
    ledger.close()


def test_what_was_ever_begun_and_ordered(ledger: Ledger) -> None:
    """Claims, ends, orders and symbols are found by session and account; those of dry runs are not."""
    dry, other = replace(SCOPE, mode=Mode.DRY_RUN), replace(SCOPE, account_id="DU7", strategy_id="other")
    ended = Finish(plan().equity, plan().equity, {}, "done")
    ledger.append(event(Claim(NOW), dry), event(order("TLT"), dry), event(ended, dry))
    assert (ledger.claims(SESSION), ledger.is_begun(STRATEGY, SESSION)) == ((), False)
    ledger.append(event(Claim(NOW)), event(order()), event(Claim(NOW), other), event(order("GLD"), other))
    assert ledger.claims(SESSION, ACCOUNT) == (SCOPE,)
    assert ledger.claims(SESSION) == (SCOPE, other)
    assert ledger.symbols(ACCOUNT) == {"SPY"}
    assert ledger.order_refs("DU7") == {order("GLD").order_ref}
    assert (ledger.is_begun(STRATEGY, SESSION), ledger.finish(SESSION)) == (True, None)
    ledger.append(event(ended))
    assert (ledger.is_begun(STRATEGY, SESSION), ledger.finish(SESSION)) == (False, ended)
