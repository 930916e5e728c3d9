"""The digest of a session, and the watchdog that misses it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from receivers import mail_server

from execution.brokers.base import Level
from execution.installation import Installation
from execution.ledger import rows
from execution.ledger.events import Claim, Decision, Event, Finish, Reconciliation, Scope
from execution.ledger.watch_events import Moment
from execution.models import Account, Execution, Order, OrderRef, Plan, Price, PriceKind, Side
from execution.service import open_ledger
from operations import preflight
from operations.alerts.telling import tell
from operations.digest import digest, lines_of
from operations.heartbeat import show_life
from operations.preflight.trading import reconciliation_check
from operations.watchdog import overdue
from warehouse.calendar.sessions import close_time
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

SESSION = date(2024, 6, 11)
CLOSE = close_time(SESSION)
EVENING = CLOSE + timedelta(hours=3)
SCOPE = Scope("DU1234567", "run", Mode.PAPER, "live", SESSION)
REF = str(OrderRef("live", SESSION, "SPY", Side.BUY))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The ledger's clock: events are recorded at the instant that stands in the list."""
    now = [CLOSE - timedelta(days=5)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return now[0].astimezone(UTC)

    monkeypatch.setattr(rows, "datetime", Clock)
    return now


def traded(here: Installation, clock: list[datetime]) -> None:
    """A session that bought 7 of 10 SPY, and reads its account after the close."""
    account = Account("DU1234567", Decimal(10_000), Decimal(6_500), Decimal(6_500), {"SPY": Decimal(7)}, is_paper=True)
    price = Price("SPY", Decimal(500), PriceKind.LIVE, CLOSE)
    decision = Decision(CLOSE, 1, SESSION, {"SPY": Decimal("0.5")}, (price,), ("SPY",), {}, account)
    order = Order(REF, "SPY", Side.BUY, Decimal(10), Decimal(502))
    plan = Plan("live", SESSION, Decimal(10_000), (order,), (), (), Decimal(0), Decimal(0), is_blocked=False)
    bought = (REF, 7, "DU1234567", "SPY", Side.BUY, Decimal(7), Decimal("500.5"), CLOSE - timedelta(minutes=4))
    finish = Finish(Decimal(10_000), Decimal(6_500), {"SPY": Decimal(7)}, "0 of 1 orders filled. Not filled: SPY.")
    with open_ledger(here) as ledger:
        ledger.append(Event(SCOPE, Reconciliation(account, CLOSE - timedelta(days=4))))
        clock[0] = CLOSE - timedelta(minutes=5)
        payloads = (Claim(CLOSE), decision, plan, order, Execution("e.1", "e", 1, *bought), finish)
        ledger.append(*(Event(SCOPE, payload) for payload in payloads))
        clock[0] = CLOSE + timedelta(minutes=5)
        ledger.append(Event(SCOPE, Reconciliation(account, clock[0])))


def test_a_digest_says_what_the_session_brought(tmp_path: Path, clock: list[datetime]) -> None:
    """Positions against targets, orders, the next session, the ledger's newest digest; amounts only when asked."""
    here = Installation(tmp_path)
    traded(here, clock)
    found = digest(here, SESSION, EVENING)
    shown = "\n".join(lines_of(found, are_amounts_shown=True))
    hidden = "\n".join(lines_of(found, are_amounts_shown=False))
    assert "Session Tuesday 2024-06-11, account DU1234567 (paper)" in hidden
    assert "  SPY     35.00%  50.00%\n" in hidden
    assert "bought SPY at 500.5000, 70% of it: unknown, unknown" in hidden
    assert "Next session: Wednesday 2024-06-12, rebalance at 15:55 New York time" in hidden
    with open_ledger(here) as ledger:
        assert ledger.last is not None
        assert f"Ledger: event 8, digest {ledger.last.digest}" in hidden
    assert "Equity: 10,000.00 USD" in shown
    assert "bought 7 of 10 SPY" in shown
    assert "USD" not in hidden
    assert " 7 " not in hidden


def test_the_digest_goes_out_once_when_the_day_is_done(tmp_path: Path, clock: list[datetime]) -> None:
    """Three hours after the close, as no daily build has ended before, and once; the rebalance is told earlier."""
    with mail_server() as box:
        (tmp_path / "portfolio.yaml").write_text(
            f'alerts: {{channels: [{{name: mail, url: "{box.url}"}}]}}', encoding="utf-8"
        )
        here = Installation(tmp_path)
        traded(here, clock)
        for after in (timedelta(minutes=1), timedelta(hours=2), timedelta(hours=3), timedelta(hours=4)):
            clock[0] = CLOSE + after
            tell(here, clock[0])
    assert sorted(title.partition(": ")[2] for title in box.titles) == [
        "2024-06-11: rebalanced in part (paper)",
        "2024-06-11: the account is far from its targets",
        "Digest of 2024-06-11: 0 of 1 orders filled",
    ]


def test_a_session_that_was_due_and_never_traded_is_an_alarm(tmp_path: Path, clock: list[datetime]) -> None:
    """Ten minutes after the close; the digest says it too, and a preflight only warns, as the next session trades."""
    with mail_server() as box:
        (tmp_path / "portfolio.yaml").write_text(
            "trading: {scheduled_mode: paper, decide_on: previous_close}\n"
            f'alerts: {{channels: [{{name: mail, url: "{box.url}"}}]}}',
            encoding="utf-8",
        )
        here = Installation(tmp_path)
        with open_ledger(here) as ledger:
            clock[0] = CLOSE - timedelta(days=1, hours=-2)
            ledger.append(
                Event(Scope(""), Reconciliation(Account("A", Decimal(1), Decimal(1), Decimal(1), {}), clock[0]))
            )
        for minutes in (9, 10, 240):
            clock[0] = CLOSE + timedelta(minutes=minutes)
            tell(here, clock[0])
            assert len(box.titles) == {9: 0, 10: 1, 240: 2}[minutes]
    assert "ALARM: The session 2024-06-11 was missed" in box.titles[0]
    assert "MISSED" in box.text
    (check,) = reconciliation_check(here, clock[0])
    assert (check.level, check.message[:34]) == (Level.WARNING, "The session 2024-06-11 was missed:")


def test_the_watchdog_notices_what_is_missing(tmp_path: Path, clock: list[datetime]) -> None:
    """No sign of life, no digest, no preflight: an alarm each, without the framework; afterwards none."""
    (tmp_path / "portfolio.yaml").write_text(
        "trading: {scheduled_mode: paper, decide_on: previous_close}\nbroker: {port: 1}", encoding="utf-8"
    )
    here = Installation(tmp_path)
    traded(here, clock)
    night = CLOSE + timedelta(hours=5)
    show_life(here, night - timedelta(minutes=16))
    assert [alert.title for alert in overdue(here, night)] == [
        "The schedules do not run",
        "A preflight of 2024-06-12 is missing",
        "The digest of 2024-06-11 is missing",
    ]
    show_life(here, night - timedelta(minutes=14))
    clock[0] = night
    preflight.run(here, night, Moment.EVENING_BEFORE)
    tell(here, night)
    assert overdue(here, night) == []


def test_the_watchdog_leaves_who_trades_by_hand_alone(tmp_path: Path) -> None:
    """Without a schedule that trades nothing is overdue."""
    assert overdue(Installation(tmp_path), EVENING) == []
