"""The exchange calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from warehouse.calendar import kept, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")


def test_sessions_leave_out_weekends_and_holidays() -> None:
    """Christmas and the weekend after it are no sessions; both ends are included."""
    assert sessions.sessions(date(2024, 12, 24), date(2024, 12, 30)) == [
        date(2024, 12, 24),
        date(2024, 12, 26),
        date(2024, 12, 27),
        date(2024, 12, 30),
    ]
    assert sessions.sessions(date(2024, 12, 28), date(2024, 12, 29)) == []


def test_calendar_reaches_from_1900_to_next_year() -> None:
    """Old history and the coming year are covered."""
    today = datetime.now(UTC).date()
    listed = sessions.sessions(date(1900, 1, 1), today + timedelta(days=360))
    assert listed[0] == date(1900, 1, 1)
    assert listed[-1] > today + timedelta(days=350)


@pytest.fixture
def kept_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a calendar that was computed and kept; what is read next is not what this process has in memory."""
    monkeypatch.setattr(kept, "_folders", [])
    kept.keep_in(tmp_path / "kept")
    sessions._calendar.cache_clear()
    sessions.sessions(date(2024, 12, 24), date(2024, 12, 30))
    sessions._calendar.cache_clear()
    yield tmp_path / "kept" / kept.FILE_NAME
    sessions._calendar.cache_clear()


def test_a_kept_calendar_is_the_computed_one(kept_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read instead of computed, and every session and close is the same; a damaged file is computed anew."""
    read = sessions._calendar()
    computed: list[date] = []

    def compute(last: date) -> tuple[Any, Any]:
        computed.append(last)
        return read.days, read.closes

    days, closes = sessions._computed(sessions.KNOWN_TO)
    assert (read.days[: len(days)] == days).all()
    assert (read.closes[: len(closes)] == closes).all()
    monkeypatch.setattr(sessions, "_computed", compute)
    sessions._calendar.cache_clear()
    sessions._calendar()
    assert not computed
    content = bytearray(kept_file.read_bytes())
    content[len(content) // 2] ^= 1
    kept_file.write_bytes(content)
    sessions._calendar.cache_clear()
    assert (sessions._calendar().days == read.days).all()
    assert len(computed) == 1


@pytest.mark.parametrize("changed", ["library", "rules", "end"])
def test_another_calendar_is_computed_anew(kept_file: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    """After a release of the library, under new rules of the zone, or near its end the file does not count."""
    state = kept.state_of(sessions.EXCHANGE_ZONE, sessions.FIRST_DAY)
    assert kept.read(state, sessions.KNOWN_TO) is not None
    if changed == "library":
        monkeypatch.setattr(kept, "version", lambda _name: "99")
        assert kept.read(kept.state_of(sessions.EXCHANGE_ZONE, sessions.FIRST_DAY), sessions.KNOWN_TO) is None
    elif changed == "rules":
        assert kept.read(kept.state_of(ZoneInfo("Asia/Tokyo"), sessions.FIRST_DAY), sessions.KNOWN_TO) is None
    else:
        assert kept.read(state, sessions.KNOWN_TO + timedelta(days=3650)) is None
    assert kept_file.exists()


def test_is_session_answers_for_every_element() -> None:
    """A session, a holiday, a Sunday, no date, and a day before the calendar."""
    days = np.array(["2024-12-24", "2024-12-25", "2024-12-29", "NaT", "1890-01-02"], dtype="datetime64[D]")
    assert sessions.is_session(days).tolist() == [True, False, False, False, False]


def test_numbers_and_days_agree_over_the_whole_calendar() -> None:
    """Each day of the calendar, and those around it, is a session exactly where the number of sessions rises."""
    every = sessions.sessions(date(1900, 1, 1), sessions.KNOWN_TO)
    days = np.arange(np.datetime64("1899-12-25"), np.datetime64("2027-12-31"))
    is_session = sessions.is_session(days)
    assert days[is_session].tolist() == every[: int(is_session.sum())]
    assert len(every) - int(is_session.sum()) <= 1
    numbers = sessions.session_numbers(days)
    assert (np.diff(numbers) == is_session[:-1]).all()
    assert numbers[0] == 0
    far = np.array(["0001-01-01", "9999-12-31"], dtype="datetime64[D]")
    assert not sessions.is_session(far).any()
    assert sessions.session_numbers(far).tolist()[0] == 0


@pytest.mark.parametrize(
    ("session", "hour"),
    [(date(2024, 12, 24), 13), (date(2024, 12, 26), 16), (date(2024, 7, 5), 16)],
)
def test_close_time_knows_half_days_and_both_clocks(session: date, hour: int) -> None:
    """The close is 16:00 New York time in winter and summer, 13:00 on a half-day."""
    expected = datetime(session.year, session.month, session.day, hour, tzinfo=NEW_YORK)
    assert sessions.close_time(session) == expected


def test_last_completed_session_changes_at_the_close() -> None:
    """A second before the half-day's close the session before is the last one, at the close not."""
    close = datetime(2024, 12, 24, 13, tzinfo=NEW_YORK)
    assert sessions.last_completed_session(close - timedelta(seconds=1)) == date(2024, 12, 23)
    assert sessions.last_completed_session(close) == date(2024, 12, 24)
    assert sessions.last_completed_session(close.astimezone(UTC)) == date(2024, 12, 24)
    assert sessions.last_completed_session(close + timedelta(days=1)) == date(2024, 12, 24)


def test_neighbours_are_strictly_before_and_after() -> None:
    """The neighbours of a session and of a day that is none."""
    assert sessions.previous_session(date(2024, 12, 26)) == date(2024, 12, 24)
    assert sessions.previous_session(date(2024, 12, 25)) == date(2024, 12, 24)
    assert sessions.next_session(date(2024, 12, 24)) == date(2024, 12, 26)
    assert sessions.next_session(date(2024, 12, 25)) == date(2024, 12, 26)


def test_what_the_calendar_cannot_tell_is_an_error() -> None:
    """A naive time, the close of a holiday, and a day beyond the calendar raise."""
    with pytest.raises(ValueError, match="timezone"):
        sessions.last_completed_session(datetime(2024, 12, 24, 13))  # noqa: DTZ001
    with pytest.raises(ValueError, match="2024-12-25 is not a session"):
        sessions.close_time(date(2024, 12, 25))
    with pytest.raises(ValueError, match="reaches from 1900-01-01"):
        sessions.previous_session(date(1899, 1, 3))
