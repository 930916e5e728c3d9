"""The broker's statements in the preflight, in alerts and in the morning's schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flex import ACCOUNT, NEW_YORK, QUERY, TOKEN, flex_server
from stated_accounts import KNOWN, MORNING, agreeing, judged, record

from dagster_defs.statements import skipped
from execution.brokers.base import Level
from execution.errors import StatementError
from execution.installation import Installation
from execution.service import open_ledger
from execution.statements import judging
from execution.statements.standing import standing_of
from operations.alerts.statements import statement_alerts
from operations.codes import CODES, CodeKind
from operations.preflight.trading import statements_check
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from execution.ledger.watch_events import AlertRaised, Check

LATER = MORNING + timedelta(days=6)


def installation(home: Path, settings: str = "", *, is_on: bool = True) -> Installation:
    """An installation whose ledger knows a trade, with a token or without."""
    text = f"broker: {{account: {ACCOUNT}}}\nstatements: {{{settings}}}\n"
    (home / "portfolio.yaml").write_text(text, encoding="utf-8")
    here = Installation(home, flex={"IBKR_FLEX_TOKEN": TOKEN, "IBKR_FLEX_QUERY": QUERY} if is_on else {})
    record(here, *KNOWN)
    return here


def row(here: Installation, now: datetime = MORNING) -> Check:
    """The row of the preflight."""
    (found,) = statements_check(here, now)
    return found


def told(here: Installation, now: datetime = MORNING) -> list[AlertRaised]:
    """The alerts about statements."""
    with open_ledger(here) as ledger:
        return list(statement_alerts(here, ledger, now))


def test_off_is_said_and_nothing_else(tmp_path: Path) -> None:
    """Neither a warning nor an alert, and the schedule skips."""
    here = installation(tmp_path, "policy: reduce_only", is_on=False)
    assert (row(here).level, row(here).message) == (Level.OK, "Off: no token is set (docs/statements.md).")
    assert told(here, LATER) == []
    assert skipped(here, MORNING).startswith("Statements are off")


def test_a_clean_statement_is_in_order_and_the_schedule_has_nothing_to_do(tmp_path: Path) -> None:
    """Before it, the row warns and the schedule pulls; so it does once another session is due."""
    here = installation(tmp_path)
    assert row(here).level is Level.WARNING
    assert skipped(here, MORNING) == ""
    judged(here, agreeing())
    assert (row(here).level, row(here).message) == (Level.OK, "Clean until 2024-06-11.")
    assert skipped(here, MORNING) == "The statement of 2024-06-11 is there: clean until 2024-06-11."
    assert skipped(here, MORNING + timedelta(days=1)) == ""
    assert row(here, MORNING + timedelta(days=1)).message == "Clean until 2024-06-11; 1 session without a clean one."


def test_differences_are_told_once_until_they_change_and_end_with_a_signature(tmp_path: Path) -> None:
    """The key is that of the open exceptions; each is told with its id and code."""
    here = installation(tmp_path, is_on=False)
    judged(here, replace(agreeing(), positions={"SPY": 11, "TLT": 1}))
    (first,) = told(here)
    assert told(here) == [first]
    assert "2 exceptions" in first.title
    assert first.severity is Severity.WARNING
    with open_ledger(here) as ledger:
        left = standing_of(ledger, ACCOUNT, MORNING).open
    assert all(f"{each.exception_id} POSITION_DIFFERS" in first.text for each in left)
    judging.sign(here, left[0].exception_id, "mine", MORNING)
    assert told(here)[0].key != first.key
    judging.sign(here, left[1].exception_id, "mine", MORNING)
    assert told(here) == []
    assert row(here).level is Level.OK


def test_an_expired_token_is_told_at_once_and_maintenance_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words name the remedy and not the token."""
    with flex_server(orders=["1012", 503]) as server:
        here = installation(tmp_path, f'url: "{server.url}"')
        monkeypatch.setattr("execution.brokers.flex.adapter.ADAPTER", server.adapter)
        with pytest.raises(StatementError):
            judging.pull(here, MORNING)
        (alert,) = told(here)
        assert "the token has expired" in alert.text
        assert TOKEN not in alert.text
        assert "the last attempt failed" in row(here).message
        with pytest.raises(StatementError):
            judging.pull(here, MORNING)
        assert told(here) == []


@pytest.mark.parametrize(
    ("policy", "severities"), [("none", []), ("warn", [Severity.WARNING]), ("reduce_only", [Severity.ALARM])]
)
def test_too_many_sessions_without_a_clean_statement_are_an_alert_by_policy(
    tmp_path: Path, policy: str, severities: list[Severity]
) -> None:
    """Once a session: the key names the one that is due."""
    here = installation(tmp_path, f"policy: {policy}, after_sessions: 3")
    judged(here, agreeing())
    friday, monday = (datetime(2024, 6, day, 8, 30, tzinfo=NEW_YORK) for day in (14, 17))
    assert told(here, friday) == []
    assert [each.severity for each in told(here, monday)] == severities
    assert [each.key for each in told(here, monday)] == [f"statement/overdue/{ACCOUNT}/2024-06-14"] * len(severities)


def test_every_exception_is_in_the_one_table_of_codes() -> None:
    """With a condition and advice."""
    ours = [code for code in CODES.values() if code.kind is CodeKind.EXCEPTION]
    assert len(ours) == 9
    assert all(code.cause and code.remedy and not code.is_transient for code in ours)
