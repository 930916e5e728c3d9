"""Judgement of raw bars: the valid ones, and the reason against each other. Pure: no clock, no file, no database."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.sources.base import NUMBERS, PRICES, RAW_BAR_SCHEMA

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEYS = ("symbol", "session_date")
UNREAD = ("open", "volume")
"""Columns that no formula reads: what cannot be true there is left empty, and the bar stays."""
NEEDED = tuple(name for name in NUMBERS if name not in UNREAD)
POSITIVE = tuple(name for name in PRICES if name not in UNREAD)
ROUNDING = 1e-6
"""Relative tolerance of the range checks: adjusted exports round each price of a bar on its own."""
TICK = 0.01
HAIR = 0.01
"""The high or low follows a close that lies outside by at most a tick, and this fraction of the close."""

SessionTest = Callable[["NDArray[np.datetime64]"], "NDArray[np.bool_]"]


class QuarantineCode(StrEnum):
    """Reasons for which a row is no bar. A row gets the first code that applies, in this order."""

    UNREADABLE_VALUE = "UNREADABLE_VALUE"
    MISSING_VALUE = "MISSING_VALUE"
    NON_POSITIVE_PRICE = "NON_POSITIVE_PRICE"
    HIGH_BELOW_LOW = "HIGH_BELOW_LOW"
    CLOSE_OUTSIDE_RANGE = "CLOSE_OUTSIDE_RANGE"
    NOT_A_SESSION = "NOT_A_SESSION"
    DUPLICATE = "DUPLICATE"
    OTHER_BASE = "OTHER_BASE"

    @property
    def description(self) -> str:
        """One sentence for the documentation."""
        return _RULES[self].description


class _Rule(NamedTuple):
    description: str
    reason: Callable[[dict[str, Any]], str]
    """From the row, which holds under "first" the first row of its key too."""


_RULES = MappingProxyType(
    {
        QuarantineCode.UNREADABLE_VALUE: _Rule(
            "A value is no date, ticker or finite number.",
            lambda row: row["problem"] or f"not finite: {_named(row, NEEDED, _is_infinite)}",
        ),
        QuarantineCode.MISSING_VALUE: _Rule(
            "The symbol, the date or a number that formulas read is missing.",
            lambda row: f"missing: {', '.join(n for n in KEYS + NEEDED if _is_missing(row[n]))}",
        ),
        QuarantineCode.NON_POSITIVE_PRICE: _Rule(
            "A price that formulas read is zero or negative.",
            lambda row: f"not positive: {_named(row, POSITIVE, lambda price: price <= 0)}",
        ),
        QuarantineCode.HIGH_BELOW_LOW: _Rule(
            "The high is below the low.",
            lambda row: f"high {row['high']} < low {row['low']}",
        ),
        QuarantineCode.CLOSE_OUTSIDE_RANGE: _Rule(
            "The close is above the high or below the low by more than a tick.",
            lambda row: f"close {row['close']} outside {row['low']} to {row['high']}",
        ),
        QuarantineCode.NOT_A_SESSION: _Rule(
            "The exchange (XNYS) did not trade on the date.",
            lambda row: f"{row['session_date']:%A %Y-%m-%d} is no session of XNYS",
        ),
        QuarantineCode.DUPLICATE: _Rule(
            "An earlier valid row of the batch has the same symbol and date; that one stays.",
            lambda row: (
                f"{row['symbol']} {row['session_date']} stands in {row['first']['file']}"
                f" line {row['first']['line']} (close {row['first']['close']}; here {row['close']})"
            ),
        ),
        QuarantineCode.OTHER_BASE: _Rule(
            "Bars of the symbol that are stored, and would stay, are adjusted in another way.",
            lambda row: row["problem"],
        ),
    }
)


def _named(row: dict[str, Any], names: tuple[str, ...], is_named: Callable[[float], bool]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in names if is_named(row[name]))


class Verdict(NamedTuple):
    """The rows of a batch, each in exactly one of two tables, in their old order."""

    valid: pa.Table
    """RAW_BAR_SCHEMA, mended."""
    quarantined: pa.Table
    """QUARANTINE_SCHEMA."""
    mended: Mapping[str, int]
    """Mends, with the number of rows of each."""


QUARANTINE_SCHEMA = RAW_BAR_SCHEMA.append(pa.field("code", pa.string())).append(pa.field("reason", pa.string()))
"""A raw row, its `code` (a QuarantineCode) and the `reason` in words with the row's numbers."""


def validate(raw: pa.Table, is_session: SessionTest) -> Verdict:
    """Split a whole batch into its valid and its quarantined rows.

    Args:
        raw: every row of the batch (RAW_BAR_SCHEMA): a duplicate is only seen inside it.
        is_session: tells which days of an array are sessions of the exchange.
    """
    raw, mends = mended(raw)
    faults = faults_of(raw, is_session)
    # Only rows with no other fault compete: a broken row must not displace a good one.
    sound = np.flatnonzero(~_any(faults.values()))
    first = np.arange(raw.num_rows)
    first[sound] = sound[_first_of_key(raw.select(list(KEYS)).take(sound))]
    faults[QuarantineCode.DUPLICATE] = first != np.arange(raw.num_rows)

    codes = np.select(list(faults.values()), [code.value for code in faults], default="")
    rejected = np.flatnonzero(codes != "")
    rows = raw.take(rejected)
    code = pa.array(codes[rejected], pa.string())
    reason = pa.array(
        (
            _RULES[QuarantineCode(row["code"])].reason(row | {"first": row_first})
            for row, row_first in zip(
                _each(rows.append_column("code", code)),
                _each(raw.take(first[rejected])),
                strict=True,
            )
        ),
        pa.string(),
    )
    quarantined = pa.table([*rows.columns, code, reason], schema=QUARANTINE_SCHEMA)
    counts = {name: int(mask.sum()) for name, mask in mends.items()}
    valid = raw.filter(pa.array(codes == ""))
    return Verdict(valid, quarantined, {name: count for name, count in counts.items() if count})


def mended(raw: pa.Table) -> tuple[pa.Table, dict[str, NDArray[np.bool_]]]:
    """Keep bars whose fault changes no result, and tell which rows were changed.

    An open that is no price and a volume that is no count are left empty; a range is widened to a close that lies a
    hair outside.
    """
    numbers = {name: _floats(raw[name]) for name in (*UNREAD, "high", "low", "close")}
    high, low, close = numbers["high"], numbers["low"], numbers["close"]
    with np.errstate(invalid="ignore", over="ignore"):
        hair = np.minimum(TICK + ROUNDING * close, HAIR * close)
        above = (close * (1 - ROUNDING) > high) & (close - high <= hair) & (high > 0)
        below = (close < low * (1 - ROUNDING)) & (low - close <= hair) & (close > 0)
    masks = {
        "open left empty": (numbers["open"] <= 0) | np.isinf(numbers["open"]),
        "volume left empty": (numbers["volume"] < 0) | np.isinf(numbers["volume"]),
        "high or low widened to the close": above | below,
    }
    changed = {
        "open": (masks["open left empty"], None),
        "volume": (masks["volume left empty"], None),
        "high": (above, raw["close"]),
        "low": (below, raw["close"]),
    }
    for name, (mask, value) in changed.items():
        if mask.any():
            replaced = pc.if_else(pa.array(mask), pa.scalar(None, pa.float64()) if value is None else value, raw[name])
            raw = raw.set_column(raw.schema.get_field_index(name), raw.schema.field(name), replaced)
    return raw, masks


def faults_of(raw: pa.Table, is_session: SessionTest) -> dict[QuarantineCode, NDArray[np.bool_]]:
    """Return one mask of rows per code but DUPLICATE, in the order of precedence."""
    numbers = {name: _floats(raw[name]) for name in NEEDED}
    high, low, close = numbers["high"], numbers["low"], numbers["close"]
    days = _days(raw)
    no_symbol = pc.fill_null(pc.equal(raw["symbol"], ""), fill_value=True)
    return {
        QuarantineCode.UNREADABLE_VALUE: (
            _mask(pc.is_valid(raw["problem"])) | _any(np.isinf(numbers[name]) for name in NEEDED)
        ),
        QuarantineCode.MISSING_VALUE: (
            _mask(no_symbol) | np.isnat(days) | _any(np.isnan(numbers[name]) for name in NEEDED)
        ),
        QuarantineCode.NON_POSITIVE_PRICE: _any(numbers[name] <= 0 for name in POSITIVE),
        QuarantineCode.HIGH_BELOW_LOW: high < low * (1 - ROUNDING),
        # Only ever scaled down: the largest float has no room above it.
        QuarantineCode.CLOSE_OUTSIDE_RANGE: (close * (1 - ROUNDING) > high) | (close < low * (1 - ROUNDING)),
        QuarantineCode.NOT_A_SESSION: ~is_session(days),
    }


def _first_of_key(keys: pa.Table) -> NDArray[np.intp]:
    """Return, for each row, the position of the first row with its symbol and date."""
    symbols = keys["symbol"].combine_chunks().dictionary_encode().indices.to_numpy()
    numbers = symbols.astype(np.int64) * 2**32 + _days(keys).astype(np.int64)
    _, first, key_of_row = np.unique(numbers, return_index=True, return_inverse=True)
    first_of_row: NDArray[np.intp] = first[key_of_row]
    return first_of_row


def _each(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=2**14):  # as Python objects a row takes 2 kB
        yield from batch.to_pylist()


def _is_missing(value: object) -> bool:
    return value in {None, ""} or (isinstance(value, float) and math.isnan(value))


def _is_infinite(value: float | None) -> bool:
    return value is not None and math.isinf(value)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.to_numpy()  # a null becomes NaN
    return values


def _days(table: pa.Table) -> NDArray[np.datetime64]:
    days: NDArray[np.datetime64] = table["session_date"].to_numpy()  # a null becomes NaT
    return days


def _mask(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = column.to_numpy()
    return mask


def _any(masks: Iterable[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    combined: NDArray[np.bool_] = np.logical_or.reduce(list(masks))
    return combined
