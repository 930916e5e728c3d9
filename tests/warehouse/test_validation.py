"""Which raw bars are valid, and how the others are named."""

from __future__ import annotations

import math
import sys
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.calendar.sessions import is_session
from warehouse.sources.base import NUMBERS, RAW_BAR_SCHEMA
from warehouse.validation import QUARANTINE_SCHEMA, QuarantineCode, Verdict, validate

GOOD: dict[str, Any] = {
    "symbol": "SPY",
    "session_date": date(2024, 1, 2),
    "open": 10.0,
    "high": 12.0,
    "low": 9.0,
    "close": 11.0,
    "adj_close": 10.5,
    "volume": 100.0,
    "dividend": 0.0,
    "is_final": True,
    "file": "a.csv",
    "line": 2,
    "problem": None,
}


def judged(*changes: dict[str, Any]) -> Verdict:
    """Validate one good row per change, with the change in it."""
    rows = [GOOD | {"line": line} | change for line, change in enumerate(changes, start=2)]
    return validate(pa.Table.from_pylist(rows, schema=RAW_BAR_SCHEMA), is_session)


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        (
            {"close": None, "problem": "close='x' is not a number"},
            QuarantineCode.UNREADABLE_VALUE,
            "close='x' is not a number",
        ),
        ({"high": math.inf}, QuarantineCode.UNREADABLE_VALUE, "not finite: high inf"),
        ({"symbol": ""}, QuarantineCode.MISSING_VALUE, "missing: symbol"),
        (
            {"session_date": None, "dividend": None},
            QuarantineCode.MISSING_VALUE,
            "missing: session_date, dividend",
        ),
        ({"adj_close": math.nan}, QuarantineCode.MISSING_VALUE, "missing: adj_close"),
        ({"low": 0.0}, QuarantineCode.NON_POSITIVE_PRICE, "not positive: low 0.0"),
        ({"adj_close": -1.0}, QuarantineCode.NON_POSITIVE_PRICE, "not positive: adj_close -1.0"),
        ({"high": 8.0}, QuarantineCode.HIGH_BELOW_LOW, "high 8.0 < low 9.0"),
        ({"close": 12.5}, QuarantineCode.CLOSE_OUTSIDE_RANGE, "close 12.5 outside 9.0 to 12.0"),
        ({"close": 8.5}, QuarantineCode.CLOSE_OUTSIDE_RANGE, "close 8.5 outside 9.0 to 12.0"),
        (
            {"session_date": date(2024, 1, 1)},
            QuarantineCode.NOT_A_SESSION,
            "Monday 2024-01-01 is no session of XNYS",
        ),
    ],
)
def test_each_fault_has_its_code_and_says_its_numbers(
    change: dict[str, Any], code: QuarantineCode, reason: str
) -> None:
    """A row with one fault is quarantined under it, with its file, line and numbers."""
    verdict = judged(change)
    assert verdict.valid.num_rows == 0
    (row,) = verdict.quarantined.to_pylist()
    assert (row["code"], row["reason"]) == (code, reason)
    assert (row["file"], row["line"]) == ("a.csv", 2)


def test_good_rows_pass_unchanged() -> None:
    """A bar without a range, without volume, one off by rounding noise and a huge one are valid as they are."""
    noise = {"symbol": "QQQ", "close": 12.0 * (1 + 1e-9)}
    flat = {"symbol": "TLT", "open": 9.0, "high": 9.0, "low": 9.0, "close": 9.0, "volume": 0.0}
    huge = {"symbol": "GLD", "high": sys.float_info.max}
    verdict = judged({}, noise, flat, huge)
    assert verdict.quarantined.num_rows == 0
    assert verdict.valid.to_pylist() == [
        GOOD,
        GOOD | noise | {"line": 3},
        GOOD | flat | {"line": 4},
        GOOD | huge | {"line": 5},
    ]


@pytest.mark.parametrize(
    ("change", "kept", "mend"),
    [
        ({"open": 0.0}, {"open": None}, "open left empty"),
        ({"open": -math.inf}, {"open": None}, "open left empty"),
        ({"open": None}, {"open": None}, None),
        ({"volume": -1.0}, {"volume": None}, "volume left empty"),
        ({"volume": None}, {"volume": None}, None),
        ({"close": 12.01}, {"close": 12.01, "high": 12.01}, "high or low widened to the close"),
        ({"close": 8.99}, {"close": 8.99, "low": 8.99}, "high or low widened to the close"),
    ],
)
def test_a_bar_stays_where_its_fault_changes_no_result(
    change: dict[str, Any], kept: dict[str, Any], mend: str | None
) -> None:
    """No formula reads open and volume: they are left empty. A close a tick outside widens the range."""
    verdict = judged(change)
    assert verdict.valid.to_pylist() == [GOOD | kept]
    assert verdict.mended == ({mend: 1} if mend else {})


def test_a_tick_of_a_cheap_share_is_no_hair() -> None:
    """A cent outside a range of five cents is no rounding."""
    cheap = {"open": 0.05, "high": 0.06, "low": 0.05, "close": 0.04, "adj_close": 0.04}
    assert judged(cheap).quarantined["code"].to_pylist() == ["CLOSE_OUTSIDE_RANGE"]


def test_first_valid_row_of_a_key_stays() -> None:
    """Later rows of a key are duplicates, equal or not; a broken first row displaces nothing."""
    verdict = judged({"low": -9.0}, {}, {}, {"close": 10.0}, {"symbol": "QQQ"})
    assert verdict.valid["line"].to_pylist() == [3, 6]
    assert [(row["line"], row["code"]) for row in verdict.quarantined.to_pylist()] == [
        (2, "NON_POSITIVE_PRICE"),
        (4, "DUPLICATE"),
        (5, "DUPLICATE"),
    ]
    assert verdict.quarantined["reason"][2].as_py() == ("SPY 2024-01-02 stands in a.csv line 3 (close 11.0; here 10.0)")


def test_every_code_is_described() -> None:
    """Each code has one sentence of its own for the documentation."""
    descriptions = {code.description for code in QuarantineCode}
    assert len(descriptions) == len(QuarantineCode)
    assert all(text.endswith(".") for text in descriptions)


numbers = st.one_of(st.sampled_from([9.0, 10.0, 11.0, 12.0]), st.floats(), st.none(), st.just(-1.0), st.just(0.0))
raw_rows = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["SPY", "QQQ", "", None]),
        "session_date": st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 1, 5)), st.dates(date(1900, 1, 1))),
        **dict.fromkeys(NUMBERS, numbers),
        "is_final": st.booleans(),
        "problem": st.sampled_from([None, None, None, "close='x' is not a number"]),
    }
)


@settings(deadline=None)  # the first example builds the calendar
@given(st.lists(st.one_of(raw_rows, st.just(GOOD)), max_size=30))
def test_no_row_is_lost_or_doubled(rows: list[dict[str, Any]]) -> None:
    """Every row is in exactly one of the two tables, and what is valid would be valid again."""
    rows = [row | {"file": "a.csv", "line": line} for line, row in enumerate(rows)]
    raw = pa.Table.from_pylist(rows, schema=RAW_BAR_SCHEMA)
    verdict = validate(raw, is_session)
    assert verdict.valid.schema == RAW_BAR_SCHEMA
    assert verdict.quarantined.schema == QUARANTINE_SCHEMA
    lines = verdict.valid["line"].to_pylist() + verdict.quarantined["line"].to_pylist()
    assert sorted(lines) == list(range(len(rows)))
    assert set(verdict.quarantined["code"].to_pylist()) <= set(QuarantineCode)
    assert all(verdict.quarantined["reason"].to_pylist())
    assert validate(verdict.valid, is_session).quarantined.num_rows == 0
    keys = verdict.valid.select(["symbol", "session_date"]).to_pylist()
    assert len({tuple(key.values()) for key in keys}) == len(keys)
