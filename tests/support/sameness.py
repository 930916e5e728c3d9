"""Whether two computations hold the same rows: all, or those up to a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from research.checks.lookahead import LATEST_ONLY

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

ROUNDING = 1e-12
"""Difference of two sums of the same numbers that ran in another order, relative and absolute."""

MOMENTS = frozenset({"ingested_at"})  # when it was landed, not what


def relations_by_session(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List the relations whose rows belong to sessions, and not to the newest or to what is held against bars."""
    rows = connection.execute(
        """
        SELECT table_name FROM duckdb_columns()
        WHERE schema_name = 'main' AND column_name = 'session_date' AND database_name = current_database()
        ORDER BY table_name
        """
    ).fetchall()
    return [name for (name,) in rows if name not in LATEST_ONLY]


def assert_same_rows(
    one: duckdb.DuckDBPyConnection,
    other: duckdb.DuckDBPyConnection,
    query: str,
    rounding: float = 0.0,
) -> None:
    """Fail unless a relation (or a query in parentheses) holds the same rows in both.

    Args:
        one: A lake.
        other: Another.
        query: What to select from in both.
        rounding: Allowed difference of numbers, relative and absolute; they are not keys then.
    """
    described = one.execute(f"DESCRIBE SELECT * FROM {query}").fetchall()
    kinds = {name: kind for name, kind, *_ in described if name not in MOMENTS}
    # Lists of rows say which strategies share a row; their order has no meaning.
    kinds = {name: kind for name, kind in kinds.items() if "STRUCT" not in kind}
    measured = [name for name, kind in kinds.items() if kind in {"DOUBLE", "DOUBLE[]"}]
    exact = [name for name in kinds if name not in measured]
    # A parameter is a number and part of the key: numbers order last, as the columns stand.
    order = ", ".join([*exact, *measured])
    listed = f"SELECT {', '.join(kinds)} FROM {query} ORDER BY {order}"
    left, right = (each.execute(listed).to_arrow_table() for each in (one, other))
    assert left.num_rows == right.num_rows, f"{query}: {left.num_rows} and {right.num_rows} rows"
    for name in exact:
        assert left[name].equals(right[name]), f"{query} differs in {name}"
    for name in measured:
        np.testing.assert_allclose(
            _numbers(left[name]),
            _numbers(right[name]),
            rtol=rounding,
            atol=rounding,
            err_msg=f"{query}.{name}",
        )


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Flatten a column of numbers, or of lists of them."""
    flat = pc.list_flatten(column) if pa.types.is_list(column.type) else column
    values: NDArray[np.float64] = flat.to_numpy()
    return values
