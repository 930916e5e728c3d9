"""Statements: how the broker's own word stands, what waits for a signature, and what moved cash without a trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from execution.statements import words
from execution.statements.codes import ExceptionCode
from execution.statements.standing import recorded

if TYPE_CHECKING:
    from execution.statements.standing import StatementStanding
    from operations.web.reading import Reading

MOST = 60
"""Newest rows that are shown."""


def known(reading: Reading) -> tuple[StatementStanding, bool]:
    """Return the standing of the statements, and whether they are pulled. Raises LedgerError, ConfigurationError."""
    return recorded(reading.installation, reading.ledger, reading.now)


def document(reading: Reading) -> dict[str, Any]:
    """Return the standing, the newest statements, exceptions and cash movements where there are such relations.

    Raises:
        LedgerError: The ledger cannot be read.
        ConfigurationError: The configuration is not valid.
    """
    standing, is_on = reading.once(known)
    return {
        "is_on": is_on,
        "is_begun": standing.is_begun,
        "told": words.told(standing, is_on=is_on),
        "clean_until": standing.clean_until,
        "behind": standing.behind,
        "due": standing.due,
        "missed": standing.missed.message if standing.missed else None,
        "open": [
            {
                "exception_id": each.exception_id,
                "code": each.code,
                "day": each.day,
                "subject": each.subject,
                "broker": each.broker,
                "ledger": each.ledger,
                "remedy": ExceptionCode(each.code).remedy,
            }
            for each in standing.open
        ],
        "signed": reading.if_built(
            "SELECT exception_id, code, day, subject, broker, ledger, signed_at, signed_by, reason "
            f"FROM statement_exceptions WHERE signed_at IS NOT NULL ORDER BY signed_at DESC LIMIT {MOST}"
        ),
        "statements": reading.if_built(
            "SELECT first_day, last_day, generated_at, trades, movements, cash, missing, file FROM statements "
            f"ORDER BY last_day DESC, generated_at DESC LIMIT {MOST}"
        ),
        "movements": reading.if_built(
            "SELECT day, kind, symbol, amount, currency, words FROM cash_movements "
            f"ORDER BY day DESC, transaction_id DESC LIMIT {MOST}"
        ),
    }
