"""What the schedules and `swing status` are told of the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from execution import service
from execution.installation import Installation
from execution.ledger.events import Claim, Event, Finish, Payload, Reconciliation, Scope
from execution.models import Account
from execution.refusals import Refusal, RefusalCode
from execution.standing import standing
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

SESSION = date(2024, 6, 11)
ACCOUNT = Account("DU1", Decimal(10), Decimal(10), Decimal(10), {})
SCOPE = Scope("DU1", "run", Mode.PAPER, "live", SESSION)
IN_TIME, AFTER = datetime(2024, 6, 11, 19, 56, tzinfo=UTC), datetime(2024, 6, 11, 20, 5, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation without a warehouse."""
    return Installation(tmp_path)


def _record(here: Installation, *payloads: Payload, scope: Scope = SCOPE) -> None:
    with service.open_ledger(here) as ledger:
        ledger.append(*(Event(scope, payload) for payload in payloads))


def test_a_look_is_due_after_each_session_that_was_traded_once(here: Installation) -> None:
    """Not without a rebalance, not for a dry run; the comparisons before the close count for nothing."""
    assert "Nothing was traded" in service.look_obstacle(here, SESSION)
    _record(here, Claim(IN_TIME), scope=replace(SCOPE, mode=Mode.DRY_RUN))
    assert "Nothing was traded" in service.look_obstacle(here, SESSION)
    _record(here, Claim(IN_TIME), Reconciliation(ACCOUNT, IN_TIME))
    assert not service.look_obstacle(here, SESSION)
    _record(here, Reconciliation(ACCOUNT, AFTER))
    assert "looked at already" in service.look_obstacle(here, SESSION)


def test_no_look_while_a_run_is_at_work(here: Installation) -> None:
    """The next tick looks again."""
    _record(here, Claim(IN_TIME))
    with here.lake.lock():
        assert "at work" in service.look_obstacle(here, SESSION)


def test_status_says_how_account_and_rebalance_stand(here: Installation) -> None:
    """An end with refused orders and a difference are told in the broker's words."""
    assert standing(here)["account"] == "never compared with the broker"
    refused = "0 of 1 orders filled. The broker refused 1 orders, and will do so again until you mend it: Clear it."
    _record(here, Finish(Decimal(10), Decimal(10), {}, refused), Reconciliation(ACCOUNT, AFTER))
    assert standing(here)["last_rebalance"] == f"2024-06-11: {refused}"
    assert standing(here)["account"].endswith("ledger and broker agree")
    _record(here, Reconciliation(ACCOUNT, AFTER, (Refusal(RefusalCode.STATE_DISAGREES, "2 SPY too many."),)))
    assert standing(here)["account"].endswith("2 SPY too many.")
