"""The lake: where it is, how to attach it, and who may write.

Everything that needs the lake attaches it through here, under one alias, so that no model, query or page knows
what its catalog is kept in.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import LakeBusyError, LakeError
from warehouse.migrations import prepare, refuse_newer

if TYPE_CHECKING:
    from collections.abc import Iterator

ALIAS = "lake"
ODD = frozenset("?*[]%\\")
DAMAGE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.FatalException, duckdb.InternalException)
EXTENSIONS = ("ducklake", "sqlite_scanner")
# Inlined rows leak a catalog table per rebuilt model; a rollback journal makes COMMIT fail beside an open reader.
ATTACH_OPTIONS = {
    "META_JOURNAL_MODE": "'WAL'",
    "META_BUSY_TIMEOUT": "10000",
    "DATA_INLINING_ROW_LIMIT": "0",
}


def load_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's own signed extensions from their wheels, else install them from its repository.

    Raises:
        LakeError: Neither way worked.
    """
    for name in EXTENSIONS:
        try:
            package = importlib.import_module(f"duckdb_extension_{name}")
            folder = Path(str(package.__file__)).parent
            file = next(folder.rglob(f"{name}.duckdb_extension"))
            connection.execute(f"LOAD {quoted(file)}")
        except (ImportError, StopIteration, duckdb.Error):
            try:
                connection.execute(f"INSTALL {name}")
                connection.execute(f"LOAD {name}")
            except duckdb.Error as error:
                raise LakeError(
                    f"DuckDB's extension {name} could not be loaded: {error}. "
                    "Make the environment again with `make clean setup`."
                ) from error


def quoted(value: object) -> str:
    """Write a value as a text of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def refuse_odd_path(home: Path) -> None:
    """Raise LakeError for a path that DuckLake or Dagster's storage would take for another one."""
    if odd := sorted(ODD & set(str(home))):
        raise LakeError(
            f"SWING_HOME is {home}, and {' '.join(odd)} in it would lead to other files. Choose a path without "
            f"{' '.join(sorted(ODD))}; spaces, quotes and other letters are fine. (`swing halt` works all the same.)"
        )


@dataclass(frozen=True, slots=True)
class Lake:
    """A DuckLake with a SQLite catalog and Parquet data under one folder.

    Attributes:
        home: Absolute path of the folder ($SWING_HOME).
    """

    home: Path

    @property
    def catalog(self) -> Path:
        """The SQLite file that knows every table, file and snapshot."""
        return self.home / "catalog.sqlite"

    @property
    def data(self) -> Path:
        """The folder of the Parquet files."""
        return self.home / "data"

    @contextlib.contextmanager
    def writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect for writing; makes the lake where there is none, and migrates an older one. Callers hold `lock`.

        Raises:
            LakeError: It is damaged.
            LakeNewerError: A newer program has written it.
        """
        refuse_odd_path(self.home)
        self.home.mkdir(parents=True, exist_ok=True)
        with self._damage_told(), self._connection({}) as connection:
            # Tables made in this transaction have no statistics yet: a join builds on the side that is written second.
            connection.execute("SET disabled_optimizers = 'build_side_probe_side'")
            with transaction(connection):
                prepare(connection, str(self.home))
            yield connection
            connection.execute("RESET disabled_optimizers")

    @contextlib.contextmanager
    def reader(self, snapshot: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect read-only, to the newest state or to that of a snapshot.

        Raises:
            LakeError: There is no lake yet, it is damaged, or has no such snapshot.
            LakeNewerError: A newer program has written it.
        """
        if not self.catalog.exists() and not self._has_data:
            raise LakeError(
                f"There is no warehouse in {self.home} yet. Import price bars first: `swing fetch --help` shows how "
                "(or set SWING_HOME to the folder that holds one)."
            )
        options = {"READ_ONLY": ""}
        if snapshot is not None:
            options["SNAPSHOT_VERSION"] = str(snapshot)
        with self._damage_told():
            try:
                with self._connection(options) as connection:
                    refuse_newer(connection, str(self.home))
                    yield connection
            except duckdb.InvalidInputException as error:
                if snapshot is None or "snapshot" not in str(error).lower():
                    raise
                raise LakeError(
                    f"The warehouse in {self.home} has no snapshot {snapshot}. "
                    "`swing sql 'select * from snapshots()'` lists what there is."
                ) from error

    @property
    def _has_data(self) -> bool:
        return self.data.is_dir() and any(path.is_file() for path in self.data.rglob("*.parquet"))

    @contextlib.contextmanager
    def _damage_told(self) -> Iterator[None]:
        """Refuse data without its catalog, which would become a new lake, and name what the engine cannot read."""
        if self._has_data and not (self.catalog.exists() and self.catalog.stat().st_size):
            raise LakeError(
                f"{self.data} holds the data of a warehouse, and its catalog {self.catalog} is missing or empty. "
                "Restore the catalog from a backup; to begin anew, move that folder away first. Nothing was changed."
            )
        try:
            yield
        except duckdb.Error as error:
            if not isinstance(error, DAMAGE) and type(error) is not duckdb.Error:  # DuckLake's own are of no kind
                raise
            raise LakeError(
                f"The warehouse in {self.home} cannot be read or written: {str(error).splitlines()[0]} A file is "
                "damaged or missing, or the disk is full. Free the disk, or restore the folder from a backup; bars and "
                "models can also be made anew in an empty SWING_HOME."
            ) from error

    @contextlib.contextmanager
    def _connection(self, options: dict[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
        # The catalog remembers where the data was when it was made; the folder may have been moved since.
        location = {"DATA_PATH": quoted(self.data), "OVERRIDE_DATA_PATH": "true"}
        listed = ", ".join(f"{key} {value}" for key, value in (ATTACH_OPTIONS | location | options).items())
        with _engine() as engine:
            engine.execute(f"ATTACH {quoted(f'ducklake:sqlite:{self.catalog}')} AS {ALIAS} ({listed})")
            with engine.cursor() as connection:
                connection.execute("SET TimeZone = 'UTC'")  # an empty $TZ names no zone
                connection.execute(f"USE {ALIAS}")
                yield connection
            engine.execute(f"DETACH {ALIAS}")

    def confine(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep a connection from every file that is not this lake's, for good."""
        connection.execute(f"SET allowed_directories = [{quoted(f'{self.home}/')}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")

    @contextlib.contextmanager
    def lock(self, patience: float = 0) -> Iterator[None]:
        """Hold the right to write; the system takes it back from a killed process.

        Args:
            patience: Seconds to wait for another run to end.

        Raises:
            LakeBusyError: Another run is still writing.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - a reader locks nothing

        self.home.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.home / "writer.lock", timeout=patience):
                yield
        except Timeout as error:
            raise LakeBusyError(
                f"Another run is writing to the warehouse in {self.home}. "
                "Wait until it ends (`swing status` shows it), then try again."
            ) from error


_idle: list[duckdb.DuckDBPyConnection] = []
"""Engines that know the extensions and have nothing attached."""
_coming: list[threading.Thread] = []
"""Threads that make one."""


def expect_reader() -> None:
    """Begin to make an engine beside what this thread does next; the next reader or writer takes it."""
    if not _idle and not _coming:
        _coming.append(threading.Thread(target=_make_engine))
        _coming[0].start()


def _make_engine() -> None:
    with contextlib.suppress(LakeError, duckdb.Error):  # who needs an engine makes one of his own, and hears why not
        _idle.append(_new_engine())


def _new_engine() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect()
    try:
        load_extensions(engine)
    except BaseException:
        engine.close()
        raise
    return engine


@contextlib.contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of one's own, kept for the next one if all went well: the extensions are verified once a process.

    Their signatures cover 71 MB, a quarter of a second of a processor each time.
    """
    for thread in tuple(_coming):
        thread.join()
    _coming.clear()
    try:
        engine = _idle.pop()
    except IndexError:
        engine = _new_engine()
    try:
        yield engine
        row = engine.execute("SELECT current_setting('lock_configuration')").fetchone()
    except BaseException:
        engine.close()
        raise
    if row and row[0]:  # confined, and that for good
        engine.close()
    else:
        _idle.append(engine)


@contextlib.contextmanager
def scratch(threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory where the lake would be, its tables empty: models compute in it, and it is forgotten.

    Args:
        threads: Of the engine; None for one a core.
    """
    from warehouse.tables import create  # noqa: PLC0415 - it knows every parameter, which a reader need not

    with duckdb.connect(config={"threads": threads} if threads else {}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH ':memory:' AS {ALIAS}")
        connection.execute(f"USE {ALIAS}")
        create(connection)
        yield connection


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside is published at its end, or, when it raises, nothing is."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of what the models have published, and of the program's own records.

    Columns are asked for: for a list of tables the engine reads the statistics of each, which takes half a second.
    """
    found = connection.execute(
        """
        SELECT DISTINCT table_name FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = current_schema()
        """
    )
    return {name for (name,) in found.fetchall()}


def current_snapshot(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest snapshot of the attached lake."""
    row = connection.execute(f"SELECT max(snapshot_id) FROM {ALIAS}.snapshots()").fetchone()
    return int(row[0]) if row else 0
