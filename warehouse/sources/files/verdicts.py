"""Verdicts on the bars of one symbol in one file: what was found, and every reason to refuse them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from warehouse.calendar.sessions import EXCHANGE, is_session, session_numbers
from warehouse.errors import SourceError
from warehouse.validation import QuarantineCode, faults_of, mended, validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

MOST_FAULTY = 0.02
"""Fraction of the rows that may be rejected; one row always may."""

_MOST_BACKWARD = 0.02
_WEEK, _MONTH = 4, 15
_STRETCH = 4  # steps of a week or more, one after the other, that are no accident
_FEWEST_NIGHTS = 30
_FUTURE = timedelta(days=7)
_REMEDIES = {
    QuarantineCode.MISSING_VALUE: "Say which column holds it with --column, or remove the rows.",
    QuarantineCode.NON_POSITIVE_PRICE: "Say which columns are meant with --column.",
    QuarantineCode.HIGH_BELOW_LOW: "Are the columns swapped? Say which is which with --column.",
    QuarantineCode.CLOSE_OUTSIDE_RANGE: "Is the close adjusted, and the rest as traded? Then the file cannot be used:"
    " export it with both a close and an adjusted close. Say which column is which with --column.",
    QuarantineCode.NOT_A_SESSION: f"Are these bars of another exchange than {EXCHANGE}, or day and month swapped?"
    " --date-format says how dates are written.",
}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The bars of one symbol that a file holds, and the way they were read.

    Attributes:
        bars: Sound rows; the others are set aside.
        columns: Our name -> the file's column.
        dates: Notation of the dates.
        adj_close: Where the adjusted close comes from.
        notes: Everything else that a person should know.
        splits: Day -> new shares for one, as a column of the file states them; None without such a column.
    """

    file: str
    symbol: str
    first: date
    last: date
    bars: int
    set_aside: int
    columns: Mapping[str, str]
    dates: str
    adj_close: str
    notes: tuple[str, ...]
    splits: Mapping[date, float] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows after judgement: those that are bars, in the order of their days.

    Attributes:
        rows: Places of the bars in the table.
        set_aside: Number of the others.
        notes: Mends and gaps.
    """

    rows: NDArray[np.intp]
    set_aside: int
    notes: tuple[str, ...]


def judge(bars: pa.Table, final_until: date | None, *, is_evening: bool) -> Judged:
    """Judge the rows of one symbol (RAW_BAR_SCHEMA), in the order of the file.

    Raises:
        SourceError: They are not daily bars of the exchange as a whole; says the first bad value and the way out.
    """
    bars, mends = mended(bars)
    faulty = np.logical_or.reduce(list(faults_of(bars, is_session).values()))
    days = bars["session_date"].to_numpy()
    if is_evening:
        _refuse_evening(bars, days)
    _refuse_faulty(bars, faulty, days)
    rows = np.flatnonzero(~faulty)
    _refuse_several_a_day(bars, rows, days)
    _refuse_disorder(bars, rows, days)
    rows = rows[np.argsort(days[rows], kind="stable")]
    rows = rows[np.append(True, days[rows][1:] > days[rows][:-1])]
    _refuse_crossed(bars, rows)
    _refuse_units(bars, rows)
    steps = np.diff(session_numbers(days[rows]))
    _refuse_other_periods(steps, days[rows])
    _refuse_future(bars, rows, final_until)
    notes = [f"{int(mask.sum())} x {what}" for what, mask in mends.items() if mask.any()]
    gaps = int((steps[steps > 1] - 1).sum())
    if gaps:
        at = int(np.flatnonzero(steps > 1)[0])
        notes.append(f"{gaps} sessions have no bar, the first after {days[rows][at]}")
    return Judged(rows, int(faulty.sum()), tuple(notes))


def _refuse_faulty(bars: pa.Table, faulty: NDArray[np.bool_], days: NDArray[np.datetime64]) -> None:
    count, total = int(faulty.sum()), len(faulty)
    if count < total and count <= max(1, MOST_FAULTY * total):
        return
    at = int(np.flatnonzero(faulty)[0])
    row = validate(bars.slice(at, 1), is_session).quarantined.to_pylist()[0]
    code = QuarantineCode(row["code"])
    remedy = _REMEDIES.get(code, "")
    if code is QuarantineCode.UNREADABLE_VALUE:
        remedy = "Say which column is which with --column."
        if "is not a date" in row["reason"]:
            remedy = "Say how dates are written: --date-format %d.%m.%Y, or --date-format epoch."
        elif "is not a number" in row["reason"]:
            remedy = (
                "Say how numbers are written with --decimal and --thousands, or which column is meant with --column."
            )
        elif "is not a ticker" in row["reason"]:
            remedy = "Say the symbol with --symbol, or its column with --column symbol=<column>."
    elif code is QuarantineCode.NOT_A_SESSION and _has_sundays_for_fridays(days):
        remedy = "There are Sundays and no Fridays: each date is a day early. Export dates in New York's time."
    raise SourceError(
        f"{count} of {total} rows are not price bars, the first on line {row['line']}: {row['reason']}. {remedy}"
    )


def _has_sundays_for_fridays(days: NDArray[np.datetime64]) -> bool:
    weekdays = _weekdays(days)
    return bool((weekdays == 6).any()) and not (weekdays == 4).any()  # noqa: PLR2004 - Sunday, Friday


def _weekdays(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    known = days[~np.isnat(days)].astype("datetime64[D]").astype(np.int64)
    weekdays: NDArray[np.int64] = (known + 3) % 7  # 1970-01-01 was a Thursday
    return weekdays


def _refuse_evening(bars: pa.Table, days: NDArray[np.datetime64]) -> None:
    known = days[~np.isnat(days)]
    if len(known) and is_session(known).mean() <= is_session(known + np.timedelta64(1, "D")).mean():
        raise SourceError(
            f"the dates carry times of the evening (line {bars['line'][0]}), so that each bar may belong to the next"
            " day. Export dates without times, or in New York's time; or say --date-format with the day alone."
        )


def _refuse_several_a_day(bars: pa.Table, rows: NDArray[np.intp], days: NDArray[np.datetime64]) -> None:
    ordered = rows[np.argsort(days[rows], kind="stable")]
    same = np.flatnonzero(days[ordered][1:] == days[ordered][:-1])
    if not len(same):
        return
    for name in ("open", "high", "low", "close", "adj_close"):
        values = bars[name].to_numpy()
        earlier, later = values[ordered[same]], values[ordered[same + 1]]
        differs = ~np.isclose(earlier, later, rtol=1e-6, atol=0, equal_nan=True)
        if differs.any():
            at = int(np.flatnonzero(differs)[0])
            lines = bars["line"].to_numpy()
            raise SourceError(
                f"several rows a day: lines {lines[ordered[same[at]]]} and {lines[ordered[same[at] + 1]]} are both of"
                f" {days[ordered[same[at]]]} ({name} {earlier[at]:g} and {later[at]:g}). Daily bars are needed. If the"
                " rows are of several symbols, say --column symbol=<column>."
            )


def _refuse_disorder(bars: pa.Table, rows: NDArray[np.intp], days: NDArray[np.datetime64]) -> None:
    steps = np.diff(days[rows]).astype(np.int64)
    if not len(steps):
        return
    direction = 1 if (steps > 0).sum() >= (steps < 0).sum() else -1
    against = np.flatnonzero(steps * direction < 0)
    if len(against) > max(2, _MOST_BACKWARD * len(steps)):
        at = against[0]
        raise SourceError(
            f"the dates run back and forth: {days[rows[at]]}, then {days[rows[at + 1]]} on line"
            f" {bars['line'][int(rows[at + 1])]}. Are day and month swapped in some? Sort the file, or say"
            " --date-format."
        )


def _refuse_crossed(bars: pa.Table, rows: NDArray[np.intp]) -> None:
    """Refuse an open and a close that stand in each other's column: an open lies near the close before."""
    opens, closes = bars["open"].to_numpy()[rows], bars["close"].to_numpy()[rows]
    if len(rows) < _FEWEST_NIGHTS or np.isnan(opens).any():
        return
    night, crossed = (np.abs(np.log(one[1:] / two[:-1])).mean() for one, two in ((opens, closes), (closes, opens)))
    if night > 1.2 * crossed:
        raise SourceError("open and close seem to stand in each other's column. Say which is which with --column.")


def _refuse_units(bars: pa.Table, rows: NDArray[np.intp]) -> None:
    """Refuse prices in parts of a dollar: all are whole, and end in two zeros at least."""
    prices = np.concatenate([bars[name].to_numpy()[rows] for name in ("high", "low", "close")])
    if len(rows) >= _FEWEST_NIGHTS and not (prices % 100).any():
        raise SourceError(
            f"every price is a whole multiple of 100 (the first close is {prices[-len(rows)]:,.0f}): the unit seems to"
            " be 1/10,000 of a dollar, not the dollar. Divide the prices."
        )


def _refuse_other_periods(steps: NDArray[np.intp], days: NDArray[np.datetime64]) -> None:
    if not len(steps):
        return
    median = float(np.median(steps))
    if median > 1:
        kind = "monthly" if median >= _MONTH else "weekly" if median >= _WEEK else "not daily"
        raise SourceError(
            f"the bars are {kind}: {days[0]}, {days[1]}, … lie {median:g} sessions apart. Export daily bars."
        )
    starts = np.flatnonzero(np.convolve(steps >= _WEEK, np.ones(_STRETCH), "valid") == _STRETCH)
    if len(starts):
        at = int(starts[0])
        raise SourceError(
            f"after {days[at]} the bars are not daily: the next are of {days[at + 1]} and {days[at + 2]}. Export daily"
            " bars; --start skips a beginning that is not daily."
        )


def _refuse_future(bars: pa.Table, rows: NDArray[np.intp], final_until: date | None) -> None:
    newest = bars["session_date"][int(rows[-1])].as_py()
    if final_until is not None and newest > final_until + _FUTURE:
        at = int(rows[-1])
        raise SourceError(
            f"line {bars['line'][at]} is of {newest}, which has not come. Are day and month swapped? Say --date-format."
        )


def disagreement(first: pa.Table, second: pa.Table) -> str | None:
    """Return the way in which two files' bars of one symbol contradict each other; None if they do not."""
    joined = first.select(["session_date", "close", "adj_close"]).join(
        second.select(["session_date", "close", "adj_close", "line"]),
        "session_date",
        join_type="inner",
        right_suffix=" there",
    )
    for name in ("close", "adj_close"):
        here, there = joined[name].to_numpy(), joined[f"{name} there"].to_numpy()
        differs = np.flatnonzero(~np.isclose(here, there, rtol=1e-4, atol=0.0051))
        if len(differs):
            at = int(differs[np.argmin(joined["session_date"].to_numpy()[differs])])
            day = joined["session_date"][at]
            return f"{name} of {day} is {here[at]:g} and {there[at]:g}"
    if joined.num_rows:
        return None
    earlier, later = sorted((first, second), key=lambda bars: pc.min(bars["session_date"]).as_py())
    factors = []
    for bars, place in ((earlier, -1), (later, 0)):
        row = bars.sort_by("session_date").slice(bars.num_rows - 1 if place else 0, 1)
        factors.append(row["adj_close"][0].as_py() / row["close"][0].as_py())
    if abs(factors[0] / factors[1] - 1) > 1e-3:  # noqa: PLR2004 - a payout at the seam is refused, too: nobody can tell
        return f"where they meet, the adjusted close is {factors[0]:.4f} and {factors[1]:.4f} of the close"
    return None
