"""Breakers: what trips them, what they set, and what a person's resumption accepts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from execution import controls
from execution.breakers import Figures, evaluate, trips
from execution.errors import TradeRefusedError
from execution.installation import Installation
from execution.ledger import rows
from execution.ledger.events import Event, EventKind, Finish, Scope, SwitchChange
from execution.ledger.watch_events import AlertKind, AlertRaised
from execution.models import Switch
from execution.service import open_ledger
from operations.alerts.occasions import told_by_ledger
from warehouse.settings.alerts import Severity
from warehouse.settings.breakers import BreakerSettings
from warehouse.settings.portfolio import load_alerts
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ACCOUNT = "DU1"
FIRST = date(2024, 6, 3)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The ledger's clock: events are recorded at the instant that stands in the list."""
    now = [datetime(2024, 6, 3, 20, 5, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return now[0]

    monkeypatch.setattr(rows, "datetime", Clock)
    return now


@pytest.fixture
def here(tmp_path: Path, clock: list[datetime]) -> Installation:
    """An account that was rebalanced in two sessions, with limits of a tenth and of a half."""
    (tmp_path / "portfolio.yaml").write_text("breakers: {drawdown: 0.1, correlation: 0.5}", encoding="utf-8")
    installation = Installation(tmp_path)
    assert clock
    with open_ledger(installation) as ledger:
        for day in (FIRST, FIRST + timedelta(days=1)):
            scope = Scope(ACCOUNT, "run", Mode.PAPER, "live", day)
            ledger.append(Event(scope, Finish(Decimal(10_000), Decimal(0), {})))
    return installation


def earned(here: Installation, returns: Sequence[float | None], backtest: Sequence[float] = ()) -> None:
    """Let the account have had these returns, a day each, and the backtest those."""
    with here.lake.lock(), here.lake.writer() as connection:
        connection.execute(
            "CREATE OR REPLACE TABLE account_daily (account_id VARCHAR, session_date DATE, daily_return DOUBLE)"
        )
        connection.execute(
            "CREATE OR REPLACE TABLE tracking_daily (account_id VARCHAR, session_date DATE, account_return DOUBLE,"
            " backtest_return DOUBLE)"
        )
        for number, value in enumerate(returns):
            day = FIRST + timedelta(days=number)
            connection.execute("INSERT INTO account_daily VALUES (?, ?, ?)", [ACCOUNT, day, value])
            if number < len(backtest):
                known = [ACCOUNT, day, value, backtest[number]]
                connection.execute("INSERT INTO tracking_daily VALUES (?, ?, ?, ?)", known)


def changes(here: Installation) -> list[SwitchChange]:
    """Every change of the switch so far."""
    with open_ledger(here) as ledger:
        found = [each.event.payload for each in ledger.of_kinds(EventKind.SWITCH_CHANGED)]
    return [each for each in found if isinstance(each, SwitchChange)]


def test_a_drawdown_restricts_trading_once_with_its_figure(here: Installation) -> None:
    """From the highest, not from the start; the file stands, and nothing is set a second time."""
    earned(here, [None, 0.2, -0.05, -0.04])
    assert evaluate(here) == []
    earned(here, [None, 0.2, -0.05, -0.06])
    (line,) = evaluate(here)
    assert "only sells" in line
    (change,) = changes(here)
    assert (change.switch, change.by) == (Switch.REDUCE_ONLY, "breaker drawdown")
    assert change.reason == "the account is 10.70% below its highest (breakers.drawdown: 0.1)"
    assert (here.home / "REDUCE_ONLY").exists()
    assert evaluate(here) == []


def test_a_breaker_is_an_alarm(here: Installation, clock: list[datetime]) -> None:
    """With the figure; a switch that a person sets is a warning."""
    earned(here, [None, -0.2])
    assert evaluate(here)
    list(controls.halt(here, controls.Halt(reason="a look")))
    with open_ledger(here) as ledger:
        found = [each.payload for each in told_by_ledger(here, ledger, load_alerts(here.home), clock[0])]
    told = [each for each in found if isinstance(each, AlertRaised) and each.key.startswith("switch/")]
    assert [(each.kind, each.severity) for each in told] == [
        (AlertKind.BREAKER, Severity.ALARM),
        (AlertKind.SWITCH_CHANGED, Severity.WARNING),
    ]
    assert "the account is 20.00% below its highest" in told[0].text


def test_a_resumption_accepts_what_was_lost_and_nothing_more(here: Installation, clock: list[datetime]) -> None:
    """It is never the breaker that resumes; a resumption of another halt accepts nothing."""
    earned(here, [None, -0.2])
    clock[0] += timedelta(days=1)
    list(controls.halt(here, controls.Halt(reason="a holiday")))
    list(controls.resume(here, "", is_accepting=False))
    assert evaluate(here)
    list(controls.resume(here, "I know", is_accepting=False))
    assert evaluate(here) == []
    earned(here, [None, -0.2, -0.05])
    assert evaluate(here) == []
    earned(here, [None, -0.2, -0.05, -0.06])
    assert evaluate(here)
    assert changes(here)[-1].by == "breaker drawdown"


def test_a_breaker_never_loosens(here: Installation) -> None:
    """A halt by a person stays one."""
    list(controls.halt(here, controls.Halt(reason="a holiday")))
    earned(here, [None, -0.9])
    assert evaluate(here) == []
    assert [each.switch for each in changes(here)] == [Switch.HALTED]


def test_an_account_that_leaves_its_backtest_is_restricted(here: Installation) -> None:
    """Judged from twenty common returns on; one that stays in cash has no correlation."""
    moves = [0.01 * (-1) ** number for number in range(20)]
    opposite = [-value for value in moves]
    earned(here, moves[:19], opposite[:19])
    assert evaluate(here) == []
    earned(here, moves, [0.0] * 20)
    assert evaluate(here) == []
    earned(here, moves, opposite)
    assert evaluate(here)
    assert changes(here)[-1].reason == "its correlation with the backtest is -1.00 (breakers.correlation: 0.5)"


def test_each_breaker_does_what_its_policy_says() -> None:
    """Halt, sell only, or nothing."""
    settings = {"drawdown": 0.1, "correlation": 0.5, "drawdown_action": "halt", "correlation_action": "ignore"}
    found = list(trips(Figures(-0.1, -1.0), BreakerSettings.model_validate(settings)))
    assert [(each.breaker, each.switch) for each in found] == [("drawdown", Switch.HALTED)]
    other = settings | {"drawdown_action": "ignore", "correlation_action": "reduce_only"}
    found = list(trips(Figures(-0.1, 0.49), BreakerSettings.model_validate(other)))
    assert [(each.breaker, each.switch) for each in found] == [("correlation", Switch.REDUCE_ONLY)]
    assert list(trips(Figures(None, None), BreakerSettings.model_validate(settings))) == []


def test_what_cannot_be_judged_is_not_traded(here: Installation) -> None:
    """The rebalance is refused, and nothing is set: the next attempt looks again."""
    assert evaluate(here) == []
    with pytest.raises(TradeRefusedError, match="cannot judge") as refused:
        evaluate(here, is_trading=True)
    assert [each.code for each in refused.value.refusals] == ["BREAKER_UNKNOWN"]
    assert changes(here) == []
    earned(here, [None, 0.01])
    assert evaluate(here, is_trading=True) == []
