"""Landing: bars and configuration rows are appended to the lake, each batch whole or not at all."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from warehouse import tables
from warehouse.calendar.sessions import is_session, sessions
from warehouse.errors import SourceError
from warehouse.lake import transaction
from warehouse.seams import other_bases, refuse_other_bases
from warehouse.settings.portfolio import Portfolio, strategy_rows
from warehouse.settings.symbol_changes import change_rows
from warehouse.sources.base import RAW_BAR_SCHEMA, BarSource, CorporateAction, Progress, Seam, silent
from warehouse.sources.registry import source_ranks
from warehouse.sources.synthetic import SyntheticSource
from warehouse.validation import QUARANTINE_SCHEMA, QuarantineCode, Verdict, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import duckdb

CONTENT = ("open", "high", "low", "close", "adj_close", "volume", "dividend", "is_final")

ACTION_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("session_date", pa.date32()),
        ("kind", pa.string()),
        ("amount", pa.float64()),
        ("ratio", pa.float64()),
        ("currency", pa.string()),
    ]
)

CHANGE_SCHEMA = pa.schema(
    [("symbol", pa.string()), ("continued_as", pa.string()), ("changed_on", pa.date32()), ("ended_on", pa.date32())]
)
SPAN_SCHEMA = pa.schema([("symbol", pa.string()), ("first", pa.date32()), ("last", pa.date32())])

FIRST_WALK_DEPTH = 16
"""Ranks of a session that a selection looks at in the first place.

Correlations are computed for these symbols alone, which keeps a large universe affordable. A session whose selection
needs more is given more by the build, so this changes the time and never the result.
"""


@dataclass(frozen=True, slots=True)
class Landed:
    """The result of one batch.

    Attributes:
        batch_id: Number of the batch; 0 when nothing was landed.
        read: Rows read from the source.
        new: Bars of a symbol and session that had none from this source.
        changed: Bars whose content differs from the newest version; both stay queryable.
        unchanged: Bars that were there already, left alone.
        quarantined: Invalid rows set aside for the first time.
        first_session: Of the valid rows read; None when there are none.
        last_session: Likewise.
    """

    batch_id: int
    read: int
    new: int
    changed: int
    unchanged: int
    quarantined: int
    first_session: date | None
    last_session: date | None


def land_bars(connection: duckdb.DuckDBPyConnection, source: BarSource, progress: Progress = silent) -> Landed:
    """Read everything from a source, then land what is new in one transaction.

    Raises:
        SourceError: The source cannot be read, or would mix made-up bars with real ones, or two adjustments in one
            series; nothing is landed.
    """
    raw = pa.concat_tables([RAW_BAR_SCHEMA.empty_table(), *source.fetch(progress)])
    _refuse_mixture(connection, source)
    verdict = validate(pa.concat_tables([raw, _once_no_sessions(connection, source.name, raw)]), is_session)
    connection.register("valid_rows", verdict.valid)
    connection.register("quarantined_rows", verdict.quarantined)
    match source.seam:
        case Seam.OF_BATCH:
            refuse_other_bases(connection, source.name)
        case Seam.OF_EACH_SYMBOL:
            _set_other_bases_aside(connection, source.name, verdict)
    with transaction(connection):
        _append_actions(connection, source)
        landed = _append(connection, source.name, raw.num_rows)
        _land_sessions(connection)
        return landed


def _set_other_bases_aside(connection: duckdb.DuckDBPyConnection, source: str, verdict: Verdict) -> None:
    """Quarantine the new bars of symbols that would be left with two adjustments."""
    refused = other_bases(connection, source)
    if not refused:
        return
    is_refused = pc.is_in(verdict.valid["symbol"], pa.array(refused, pa.string()))
    connection.register("valid_rows", verdict.valid.filter(pc.invert(is_refused)))
    connection.register("refused_rows", verdict.valid.filter(is_refused))
    rows = connection.execute(
        f"FROM refused_rows ANTI JOIN ({tables.NEWEST_OF_SOURCE}) AS stored USING (symbol, session_date)",
        {"source": source},
    )
    aside = rows.to_arrow_table().cast(RAW_BAR_SCHEMA)
    code = pa.repeat(QuarantineCode.OTHER_BASE.value, aside.num_rows)
    reason = pa.array([refused[symbol] for symbol in aside["symbol"].to_pylist()], pa.string())
    quarantined = pa.table([*aside.columns, code, reason], schema=QUARANTINE_SCHEMA)
    connection.register("quarantined_rows", pa.concat_tables([verdict.quarantined, quarantined]))


def _once_no_sessions(connection: duckdb.DuckDBPyConnection, source: str, raw: pa.Table) -> pa.Table:
    """Return rows quarantined as no session that have no bar yet: the calendar of a clock that was behind is short."""
    connection.register("raw_rows", raw.select(["symbol", "session_date"]))
    columns = ", ".join(name for name in RAW_BAR_SCHEMA.names if name != "problem")
    rows = connection.execute(
        f"""
        SELECT {columns}, NULL::VARCHAR AS problem
        FROM quarantined_bars
        ANTI JOIN raw_rows USING (symbol, session_date)
        ANTI JOIN (FROM landing.bar_versions WHERE source = $source) AS landed USING (symbol, session_date)
        WHERE source = $source AND code = $code
        QUALIFY row_number() OVER (PARTITION BY symbol, session_date ORDER BY batch_id DESC) = 1
        """,
        {"source": source, "code": QuarantineCode.NOT_A_SESSION},
    )
    return rows.to_arrow_table().cast(RAW_BAR_SCHEMA)


def _refuse_mixture(connection: duckdb.DuckDBPyConnection, source: BarSource) -> None:
    made_up = source.name == SyntheticSource.name
    other = connection.execute(
        "SELECT any_value(source) FROM landing.bar_versions WHERE (source = ?) <> ?",
        [SyntheticSource.name, made_up],
    ).fetchone()
    if other and other[0]:
        raise SourceError(
            f"This warehouse holds bars from '{other[0]}'; bars from '{source.name}' were not landed, because "
            "made-up and real prices must not mix. Set SWING_HOME to another folder for one of them."
        )


def _append(connection: duckdb.DuckDBPyConnection, source: str, read: int) -> Landed:
    same = " AND ".join(f"newest.{name} IS NOT DISTINCT FROM valid_rows.{name}" for name in CONTENT)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE compared AS
        SELECT valid_rows.*, newest.symbol IS NULL AS is_new, newest.symbol IS NOT NULL AND NOT ({same}) AS is_changed
        FROM valid_rows
        LEFT JOIN ({tables.NEWEST_OF_SOURCE}) AS newest USING (symbol, session_date)
        """,
        {"source": source},
    )
    keys = ("symbol", "session_date", *CONTENT, "code", "reason", "file", "line")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE set_aside AS
        SELECT {", ".join(keys)} FROM quarantined_rows
        EXCEPT
        SELECT {", ".join(keys)} FROM quarantined_bars WHERE source = $source
        """,
        {"source": source},
    )
    counts = connection.execute(
        """
        SELECT count(*) FILTER (is_new), count(*) FILTER (is_changed), count(*) FILTER (NOT is_new AND NOT is_changed),
            (SELECT count(*) FROM set_aside), min(session_date), max(session_date)
        FROM compared
        """
    ).fetchone()
    assert counts is not None  # noqa: S101 - an aggregate always has a row
    new, changed, unchanged, quarantined, first, last = counts
    if not new + changed + quarantined:
        return Landed(0, read, 0, 0, unchanged, 0, first, last)
    batch = connection.execute(
        """
        SELECT 1 + coalesce(max(batch_id), 0)
        FROM (SELECT batch_id FROM landing.bar_versions UNION ALL SELECT batch_id FROM quarantined_bars)
        """
    ).fetchone()
    assert batch is not None  # noqa: S101 - an aggregate always has a row
    stamp = {"source": source, "batch": batch[0]}
    if new + changed:
        connection.execute(
            """
            INSERT INTO landing.bar_versions BY NAME
            SELECT symbol, session_date, open, high, low, close, adj_close, volume, dividend, is_final,
                $source AS source, now() AS ingested_at, $batch AS batch_id
            FROM compared WHERE is_new OR is_changed ORDER BY symbol, session_date
            """,
            stamp,
        )
    if quarantined:
        connection.execute(
            """
            INSERT INTO quarantined_bars BY NAME
            SELECT *, $source AS source, now() AS ingested_at, $batch AS batch_id FROM set_aside
            """,
            stamp,
        )
    return Landed(batch[0], read, new, changed, unchanged, quarantined, first, last)


def _append_actions(connection: duckdb.DuckDBPyConnection, source: BarSource) -> None:
    """Append the corporate actions that the lake does not hold as they are now stated; one without a number is none.

    A split that the source withdraws is appended without its ratio.
    """
    rows = [
        asdict(action)
        for action in source.actions
        if 0 < ((action.ratio if action.kind is CorporateAction.SPLIT else action.amount) or 0) < math.inf
    ]
    spans = [{"symbol": symbol, "first": first, "last": last} for symbol, (first, last) in source.split_spans.items()]
    if not rows and not spans:
        return
    connection.register("stated_actions", pa.Table.from_pylist(rows, ACTION_SCHEMA))
    connection.register("split_spans", pa.Table.from_pylist(spans, SPAN_SCHEMA))
    connection.execute(
        """
        INSERT INTO landing.corporate_actions BY NAME
        WITH held AS (
            FROM landing.corporate_actions WHERE source = $source
            QUALIFY row_number() OVER (PARTITION BY symbol, session_date, kind ORDER BY batch_id DESC) = 1
        ),
        withdrawn AS (
            SELECT held.* REPLACE (NULL::DOUBLE AS ratio)
            FROM held JOIN split_spans ON held.symbol = split_spans.symbol AND session_date BETWEEN first AND last
            WHERE kind = $split AND ratio IS NOT NULL
                AND (held.symbol, session_date, kind) NOT IN (SELECT (symbol, session_date, kind) FROM stated_actions)
        )
        SELECT *, $source AS source, now() AS ingested_at,
            1 + (SELECT coalesce(max(batch_id), 0) FROM landing.corporate_actions) AS batch_id
        FROM (
            (FROM stated_actions EXCEPT SELECT symbol, session_date, kind, amount, ratio, currency FROM held)
            UNION ALL SELECT symbol, session_date, kind, amount, ratio, currency FROM withdrawn
        )
        ORDER BY symbol, session_date
        """,
        {"source": source.name, "split": CorporateAction.SPLIT.value},
    )


def _land_sessions(connection: duckdb.DuckDBPyConnection) -> None:
    """Import the sessions that the exchange had from the first bar to the last: what every symbol should have."""
    span = connection.execute("SELECT min(session_date), max(session_date) FROM landing.bar_versions").fetchone()
    held = connection.execute("SELECT min(session_date), max(session_date) FROM landing.exchange_sessions").fetchone()
    assert span is not None  # noqa: S101 - an aggregate always has a row
    if span == held or span[0] is None:
        return
    connection.register("sessions_of_span", pa.table({"session_date": sessions(*span)}))
    connection.execute(
        "INSERT INTO landing.exchange_sessions "
        "FROM sessions_of_span ANTI JOIN landing.exchange_sessions USING (session_date) ORDER BY session_date"
    )


def land_portfolio(connection: duckdb.DuckDBPyConnection, portfolio: Portfolio) -> bool:
    """Land the configuration as rows, so that SQL sees it; False if the lake holds these rows already."""
    strategies = [row.columns() for row in strategy_rows(portfolio)]
    settings = {
        "parameters_hash": portfolio.parameters_hash,
        "walk_depth": max(FIRST_WALK_DEPTH, *(row["top_n"] for row in strategies)),
        "train_months": portfolio.walk_forward.train_months,
        "test_months": portfolio.walk_forward.test_months,
        "objective": str(portfolio.walk_forward.objective),
        "stale_after_sessions": portfolio.quality.stale_after_sessions,
        "quarantine_sessions": portfolio.quality.quarantine_sessions,
        "quarantine_policy": str(portfolio.quality.quarantine_policy),
        "bad_day_share": portfolio.quality.bad_day_share,
    }
    columns = [name for name, *_ in connection.execute("DESCRIBE landing.strategies").fetchall()]
    landed = {
        "landing.settings": pa.Table.from_pylist([settings]),
        "landing.source_ranks": pa.Table.from_pylist(source_ranks(portfolio.sources.order)),
        "landing.symbol_changes": pa.Table.from_pylist(change_rows(portfolio.symbol_changes), CHANGE_SCHEMA),
    }
    held = {name: connection.execute(f"FROM {name}").to_arrow_table().to_pylist() for name in landed}
    is_same = columns == list(strategies[0]) and held == {name: rows.to_pylist() for name, rows in landed.items()}
    if is_same and _names(connection) == {(row["strategy_id"], row["strategy_name"]) for row in strategies}:
        return False
    landed |= {
        "landing.universe": pa.table({"symbol": list(portfolio.universe)}),
        "landing.strategies": pa.Table.from_pylist(strategies),
    }
    with transaction(connection):
        tables.create(connection, tables.CONFIGURATION)
        for name, rows in landed.items():
            connection.register("portfolio_rows", rows)
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM portfolio_rows")
    return True


def _names(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Return the landed strategies with their names: a saved variant changes no other setting."""
    return set(connection.execute("SELECT strategy_id, strategy_name FROM landing.strategies").fetchall())


def land_ledger(connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Append the ledger's events that the lake does not hold yet.

    Args:
        connection: The lake, for writing.
        rows: Events as the ledger holds them: the columns of landing.ledger_events, times and days as ISO 8601 texts.
            An event is the same one if its digest is, so that a second ledger does not pass for the first.

    Returns:
        The number of new ones.
    """
    columns = [name for name, *_ in connection.execute("DESCRIBE landing.ledger_events").fetchall()]
    texts = pa.schema([(name, pa.int64() if name == "sequence" else pa.string()) for name in columns])
    connection.register("ledger_rows", pa.Table.from_pylist([dict(row) for row in rows], texts))
    with transaction(connection):
        landed = connection.execute(
            "INSERT INTO landing.ledger_events BY NAME SELECT * FROM ledger_rows "
            "ANTI JOIN landing.ledger_events USING (digest) ORDER BY sequence"
        ).fetchone()
    return int(landed[0]) if landed else 0
