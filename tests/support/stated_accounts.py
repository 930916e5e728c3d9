"""What the ledger of the tests knows, and the statement that agrees with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from flex import ACCOUNT, DAY, StatementXml, trade

from execution.ledger.events import Event, Reconciliation, Scope
from execution.models import Account, CommissionReport, Execution, Side
from execution.service import open_ledger
from execution.statements.judging import judge
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.ledger.events import Payload
    from execution.statements.judging import StatementJudgement

EXEC_ID = "0000e0d5.65f1a2b3.01.01"
SCOPE = Scope(ACCOUNT, "run", Mode.PAPER, "live", DAY)
LOOK = datetime(2024, 6, 11, 19, 55, 1, tzinfo=UTC)
TRADED = datetime(2024, 6, 11, 19, 55, 10, tzinfo=UTC)
MORNING = datetime(2024, 6, 12, 12, 30, tzinfo=UTC)
"""Of the day after, when the statement is there."""
BOUGHT = Execution(
    EXEC_ID, EXEC_ID[:-3], 1, "live/20240611/SPY/BUY/1", 77, ACCOUNT, "SPY", Side.BUY, Decimal(10), Decimal(500), TRADED
)
KNOWN: tuple[Payload, ...] = (
    Reconciliation(Account(ACCOUNT, Decimal(10_000), Decimal(10_000), Decimal(10_000), {}), LOOK),
    BOUGHT,
    CommissionReport(EXEC_ID, Decimal("0.35"), "USD"),
)


def agreeing() -> StatementXml:
    """Return the statement of the day that agrees with KNOWN."""
    return StatementXml(trades=[trade(EXEC_ID)], positions={"SPY": 10}, cash={"USD": (10_000, "4999.65")})


def record(installation: Installation, *payloads: Payload) -> None:
    """Append to the ledger."""
    with open_ledger(installation) as ledger:
        ledger.append(*(Event(SCOPE, payload) for payload in payloads))


def judged(installation: Installation, *statements: StatementXml, now: datetime = MORNING) -> StatementJudgement:
    """Judge by each statement in turn; return the last result."""
    found = [judge(installation, each.document, now) for each in statements]
    return found[-1]


def corrected(price: str) -> Execution:
    """Return a correction of the execution."""
    return replace(BOUGHT, exec_id=f"{BOUGHT.base_id}.02", revision=2, price=Decimal(price))
