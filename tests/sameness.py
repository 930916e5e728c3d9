"""Whether two computations hold the same rows: all, or those up to a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    from numpy.typing import NDArray

ROUNDING = 1e-12
"""Relative difference of two sums of the same numbers that ran in another order."""

MOMENTS = frozenset({"ingested_at"})  # when it was landed, not what


def relations_by_session(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the relations whose rows belong to sessions; live_targets knows the last one only."""
    rows = connection.execute(
        """
        SELECT table_name FROM duckdb_columns()
        WHERE schema_name = 'main' AND column_name = 'session_date' AND table_name <> 'live_targets'
            AND database_name = current_database()
        ORDER BY table_name
        """
    ).fetchall()
    return [name for (name,) in rows]


def assert_same_rows(
    one: duckdb.DuckDBPyConnection,
    other: duckdb.DuckDBPyConnection,
    query: str,
    ignored: Iterable[str] = (),
) -> None:
    """Fail unless a relation (or query in parentheses) holds the same rows in both."""
    described = one.execute(f"DESCRIBE SELECT * FROM {query}").fetchall()
    names = [name for name, *_ in described if name not in {*MOMENTS, *ignored}]
    exact = [name for name, kind, *_ in described if name in names and "DOUBLE" not in kind]
    # A parameter is a number and part of the key: doubles order last, in the order of the columns.
    order = [*exact, *(name for name in names if name not in exact)]
    listed = f"SELECT {', '.join(names)} FROM {query} ORDER BY {', '.join(order)}"
    left, right = (each.execute(listed).to_arrow_table() for each in (one, other))
    assert left.num_rows == right.num_rows, f"{query}: {left.num_rows} and {right.num_rows} rows"
    assert left.select(exact).equals(right.select(exact)), f"{query} differs in {exact}"
    for name in names:
        if name not in exact:
            np.testing.assert_allclose(
                _numbers(left[name]),
                _numbers(right[name]),
                rtol=ROUNDING,
                atol=ROUNDING,
                err_msg=f"{query}.{name}",
            )


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Flatten a column of numbers, or of lists or structs of them."""
    while not pa.types.is_floating(column.type):
        if pa.types.is_struct(column.type):
            column = pa.chunked_array([chunk for child in column.flatten() for chunk in child.chunks])
        else:
            column = pc.list_flatten(column)
    values: NDArray[np.float64] = column.to_numpy()
    return values
