"""Checks of the bars that the next decision reads: fresh, undoubted, and no split of a held symbol at hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from execution.service import held_symbols
from operations.checks import CheckCode
from warehouse import freshness, verdicts
from warehouse.calendar.sessions import last_completed_session
from warehouse.readers import Question, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.watch_events import Check

AHEAD = timedelta(days=7)
SPLITS_AHEAD = Question(
    """
    SELECT symbol, session_date, ratio, source FROM corporate_actions
    WHERE kind = 'split' AND session_date > $after AND session_date <= $until ORDER BY session_date, symbol
    """
)


def freshness_check(installation: Installation, now: datetime) -> Iterator[Check]:
    """Compare the newest bars with the exchange's calendar."""
    with installation.lake.reader() as connection:
        stale = freshness.stale(connection, now)
    if stale:
        yield CheckCode.BARS.failure(" ".join(stale))
    else:
        yield CheckCode.BARS.ok(f"Every symbol has its bars; the last session was {last_completed_session(now)}.")


def quality_check(installation: Installation, _now: datetime) -> Iterator[Check]:
    """Read what the gates hold against the newest bars."""
    with installation.lake.reader() as connection:
        doubts = verdicts.doubts(connection)
    if doubts:
        yield CheckCode.BAR_QUALITY.warning(" ".join(doubts))
    else:
        yield CheckCode.BAR_QUALITY.ok("No gate doubts a newest bar.")


def action_check(installation: Installation, now: datetime) -> Iterator[Check]:
    """Read the splits that sources announce for held symbols, from the session after the last one on."""
    last = last_completed_session(now)
    held = held_symbols(installation)
    with installation.lake.reader() as connection:
        found = rows(connection, SPLITS_AHEAD, {"after": last, "until": last + AHEAD}).rows
    due = [
        f"{symbol} splits on {day:%Y-%m-%d}, {ratio:g} new shares for one ({source})."
        for symbol, day, ratio, source in found
        if symbol in held
    ]
    if due:
        yield CheckCode.CORPORATE_ACTIONS.warning(" ".join(due))
    else:
        yield CheckCode.CORPORATE_ACTIONS.ok(f"No source announces a split of a held symbol up to {last + AHEAD}.")
