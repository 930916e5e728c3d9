"""Events as rows of the database: written in order, read back, and chained by digests that show tampering."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from execution.ledger.events import Event, EventKind, Recorded, Scope
from execution.ledger.schema import events
from execution.ledger.texts import from_text, to_text
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def append(connection: sa.Connection, facts: Iterable[Event]) -> list[Event]:
    """Insert events behind the newest one. The caller holds the right to write.

    Returns:
        The new events: one whose unique key is already there is left out.

    Raises:
        ValueError: An event could not be read back; it names the event's kind.
    """
    newest = sa.select(events.c.sequence, events.c.digest).order_by(events.c.sequence.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    sequence, digest_before = (last.sequence, last.digest) if last else (0, "")
    new = []
    for fact in facts:
        key = fact.unique_key
        is_there = sa.select(events.c.sequence).where(events.c.unique_key == key)
        if key is not None and connection.execute(is_there).first():
            continue
        sequence += 1
        row = to_row(fact, sequence, datetime.now(UTC), digest_before)
        connection.execute(sa.insert(events), row)
        digest_before = row["digest"]
        new.append(fact)
    return new


def to_row(happened: Event, sequence: int, recorded_at: datetime, digest_before: str) -> dict[str, Any]:
    """Return the row of the `sequence`-th event. Raises ValueError if it could not be read back."""
    scope = happened.scope
    try:
        payload = to_text(happened.payload)
    except ValueError as error:
        raise ValueError(f"{happened.kind}: {error}") from error
    row = {
        "sequence": sequence,
        "recorded_at": recorded_at.isoformat(timespec="microseconds"),
        "account_id": scope.account_id,
        "mode": scope.mode,
        "strategy_id": scope.strategy_id,
        "session_date": scope.session_date.isoformat() if scope.session_date else None,
        "run_id": scope.run_id,
        "kind": str(happened.kind),
        "order_ref": happened.order_ref,
        "unique_key": happened.unique_key,
        "payload": payload,
    }
    return row | {"digest": digest(row, digest_before)}


def digest(row: Mapping[str, Any], digest_before: str) -> str:
    """Return the sha256 (hex) of a row and the digest before it, so that no row can change alone."""
    content = {name: row[name] for name in events.columns.keys() if name != "digest"}  # noqa: SIM118 - no dict
    text = json.dumps([digest_before, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def from_row(row: Mapping[str, Any]) -> Recorded:
    """Return the event of a row. Raises ValueError if the row holds none."""
    kind = EventKind(row["kind"])
    scope = Scope(
        account_id=row["account_id"],
        run_id=row["run_id"],
        mode=Mode(row["mode"]) if row["mode"] else None,
        strategy_id=row["strategy_id"],
        session_date=date.fromisoformat(row["session_date"]) if row["session_date"] else None,
    )
    payload = from_text(kind, upgraded(kind, row["payload"]))
    recorded_at = datetime.fromisoformat(row["recorded_at"])
    return Recorded(row["sequence"], recorded_at, Event(scope, payload), row["digest"])


def upgraded(kind: EventKind, payload: str) -> str:
    """Return a payload as it is written today: rows themselves never change.

    Before schema version 1, base id and revision of an execution stood in its id alone, around the last dot.
    """
    if kind is not EventKind.EXECUTED or '"base_id"' in payload:
        return payload
    values = json.loads(payload)
    base_id, _, revision = values["exec_id"].rpartition(".")
    if not (base_id and revision.isdecimal()):
        base_id, revision = values["exec_id"], "0"
    return json.dumps(values | {"base_id": base_id, "revision": int(revision)})
