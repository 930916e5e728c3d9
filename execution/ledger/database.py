"""The database of a ledger: durable commits, one writer at a time, one trading process for each account."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random

from execution.errors import LedgerBusyError, LedgerError
from execution.ledger.migrations import prepare
from execution.ledger.schema import TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_MILLISECONDS = 15_000
URLS = "Use sqlite:///FILE or, with the extra `postgres` installed, postgresql://USER@HOST:PORT/DATABASE."
WRITERS = 7_312_004  # number of PostgreSQL's advisory lock that orders all appends


class Database:
    """An open database; its refusals are raised as LedgerError."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Connect, and bring the ledger to the newest version of its schema. Raises LedgerError."""
        database = cls(_engine(url))
        try:
            with database.writing() as connection:
                prepare(connection, database.name)
        except BaseException:
            database.engine.dispose()
            raise
        return database

    @property
    def name(self) -> str:
        """URL without a password, for people."""
        url = self.engine.url
        return url.difference_update_query(["password", "passfile"]).render_as_string(hide_password=True)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a connection on which every statement is a transaction of its own."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerError(
                f"The ledger {self.name} cannot be used: {error.__cause__ or error}. Without it nothing is traded. "
                "Check that its folder can be written, the disk has room and its server runs; then start again."
            ) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction as the only writer; it is durable at the end, and undone if the block raises."""
        with self.reading() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
            try:
                if not self._is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS)))
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                with contextlib.suppress(SQLAlchemyError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    @contextlib.contextmanager
    def lock(self, account_id: str) -> Iterator[None]:
        """Hold the right to trade an account. Raises LedgerBusyError if another process has it."""
        release = self._take_file(account_id) if self._is_sqlite else self._take_advisory(account_id)
        if release is None:
            raise LedgerBusyError(
                f"Another process is trading account {account_id} by the ledger {self.name}; nothing was done. "
                "Wait until it ends, then start again: nothing that it did is done twice."
            )
        try:
            yield
        finally:
            release()

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def _take_file(self, account_id: str) -> Callable[[], None] | None:
        lock = FileLock(f"{self.engine.url.database}.{account_id}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock.release

    def _take_advisory(self, account_id: str) -> Callable[[], None] | None:
        name = sa.func.concat(sa.func.current_schema(), "/", account_id)
        ours = sa.func.hashtextextended(name, 0)
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(self.reading())
            # The lock ends with its connection, which therefore must never go back to the pool.
            stack.callback(connection.invalidate)
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(ours))):
                stack.enter_context(contextlib.suppress(SQLAlchemyError))
                stack.callback(connection.scalar, sa.select(sa.func.pg_advisory_unlock(ours)))
                return stack.pop_all().close
        return None


def _engine(url: str) -> sa.Engine:
    """Make an engine that leaves transactions to us. Raises LedgerError for a URL of no ledger."""
    try:
        parsed = _parsed(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(parsed, isolation_level="AUTOCOMMIT")
    except (ArgumentError, ImportError, ValueError) as error:
        why = error if isinstance(error, ImportError) else "it is not written as one"  # a URL may hold a password
        raise LedgerError(f"The ledger's URL cannot be used: {why}. {URLS}") from None
    if engine.dialect.name not in TRIGGERS:
        raise LedgerError(f"A ledger cannot be kept in {engine.dialect.name}. {URLS}")
    if engine.dialect.name == "sqlite":
        with contextlib.suppress(OSError):  # opening the file gives the better message
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        sa.event.listen(engine, "connect", _make_durable)
    return engine


def _parsed(url: str) -> sa.URL:
    """Read a URL; what follows sqlite:/// is a path as it stands, with whatever characters it has.

    Raises:
        LedgerError: The ledger would depend on the working directory, or end with its process.
    """
    if not url.startswith("sqlite:"):
        return sa.make_url(url)
    file = url.removeprefix("sqlite:///")
    if file == url or not Path(file).is_absolute():
        raise LedgerError(
            f"The ledger's URL {url} names no absolute path, so that two commands could keep two ledgers, or none. Use "
            "sqlite:////PATH/TO/FILE, with four slashes."
        )
    return sa.URL.create("sqlite", database=file)


@retry(
    retry=retry_if_exception_message(match=".*locked"),  # a change of the journal does not wait for a concurrent one
    wait=wait_random(0.01, 0.1),
    stop=stop_after_delay(BUSY_MILLISECONDS / 1000),
    reraise=True,
)
def _make_durable(connection: DBAPIConnection, _record: object) -> None:
    """Let commits survive a loss of power, and readers not block the writer."""
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
