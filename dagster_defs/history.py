"""Dagster's records, in the SQLite files that Dagster makes; connections are kept, not made for each statement."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from dagster._serdes import ConfigurableClassData

KEPT_RUNS = 2
"""Runs whose databases stay open: a run writes its own, and asks of those before it in turn."""


def _hasten(connection: sqlite3.Connection, _record: object) -> None:
    """Let SQLite wait for the disk when it writes its log back, not at each event: a power cut may lose the newest.

    A kill loses none, and neither harms the database.
    """
    connection.execute("PRAGMA synchronous = NORMAL")


class EventLog(SqliteEventLogStorage):
    """Dagster's event log, a database a run and an index of all; each with one engine, which keeps its connection.

    Dagster's own makes an engine for each of the thousand statements of a run: each is compiled anew, and with each
    connection's end SQLite writes its log back.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, db.Engine] = {}
        self._found: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> db.Engine:
        """Return a database's engine; close those of the runs that were asked least lately. Callers hold the lock."""
        engine = self._engines.pop(shard, None)
        if engine is None:
            patience = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
            engine = db.create_engine(
                self.conn_string_for_shard(shard), poolclass=QueuePool, pool_size=1, connect_args=patience
            )
            db.event.listen(engine, "connect", _hasten)
        self._engines[shard] = engine
        others = [name for name in self._engines if name != INDEX_SHARD_NAME]
        for name in others[:-KEPT_RUNS]:
            self._engines.pop(name).dispose()
        return engine

    def has_table(self, table_name: str) -> bool:
        """Tell whether the index has a table; none ever goes."""
        return self._is_there(table_name, super().has_table)

    def has_asset_key_col(self, column_name: str) -> bool:
        """Tell whether the index knows a column of assets; none ever goes."""
        return self._is_there(column_name, super().has_asset_key_col)

    def has_secondary_index(self, name: str) -> bool:
        """Tell whether a summary of events was made; none ever goes."""
        return self._is_there(name, super().has_secondary_index)

    def _is_there(self, name: str, look: Callable[[str], bool]) -> bool:
        if name not in self._found and look(name):
            self._found.add(name)
        return name in self._found

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


class RunRecords(DagsterSqliteStorage):
    """Records of runs, events and schedules; named in dagster.yaml."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLog(self._event_log_storage._base_dir)  # noqa: SLF001 - where Dagster has it

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> RunRecords:  # noqa: ANN401 - Dagster's
        """Make the records of dagster.yaml."""
        return cls.from_local(inst_data=inst_data, **config_value)
