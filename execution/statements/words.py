"""Statements in words, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from execution.statements.judging import StatementJudgement
    from execution.statements.standing import StatementStanding

OFF = "off: no token is set (docs/statements.md)"


def counted_of(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def lines_of(judgement: StatementJudgement) -> Iterator[str]:
    """Yield what a document brought: its statements, what is missing, what was entered, how it stands."""
    statements, standing = judgement.statements, judgement.standing
    days = _days(statements[0].first_day, statements[-1].last_day)
    trades = sum(len(each.effective_trades) for each in statements)
    held = len(statements[-1].positions)
    yield (
        f"{counted_of(len(statements), 'statement')} of account {standing.account_id}, {days}: "
        f"{counted_of(trades, 'trade')}, {counted_of(held, 'position')}, "
        f"{counted_of(sum(len(each.movements) for each in statements), 'cash movement')}. Kept: {judgement.file}."
    )
    if missing := sorted({name for each in statements for name in each.missing}):
        yield (
            f"Without {', '.join(missing)} it judges only the rest, and never counts as clean: tick these sections in "
            "the Flex query (docs/statements.md)."
        )
    if judgement.entered:
        kinds = ", ".join(f"{kind.replace('_', ' ')} {number}" for kind, number in sorted(judgement.entered.items()))
        yield f"Entered into the ledger: {kinds}."
    if standing.open:
        yield f"{counted_of(len(standing.open), 'exception')} to be signed for, {judgement.raised} of them new."
    else:
        yield f"Ledger and broker agree; nothing is open. Clean until {standing.clean_until or 'no day yet'}."


def told(standing: StatementStanding, *, is_on: bool) -> str:
    """Return the standing of the statements in a line."""
    if not standing.is_begun:
        return "on; none was read yet" if is_on else OFF
    parts = [f"clean until {standing.clean_until}" if standing.clean_until else "none is clean yet"]
    if standing.open:
        parts.append(f"{counted_of(len(standing.open), 'exception')} to be signed for")
    if standing.behind:
        parts.append(f"{counted_of(standing.behind, 'session')} without a clean one")
    if standing.missed:
        parts.append(f"the last attempt failed: {standing.missed.message}")
    return "; ".join(parts)


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
