"""Refusals before anything is looked at: the hour, the clock, the account, each with its code and numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import yaml
from exchange_rules import NEW_YORK

from execution.errors import TradeRefusedError
from execution.models import Account
from execution.orders.context import RebalanceRequest
from execution.orders.preflight import check_account, check_clock, check_window, planned_window
from execution.refusals import Refusal, RefusalCode
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTES = 5
TUESDAY = datetime(2024, 7, 2, 15, 56, tzinfo=NEW_YORK)
PAPER, LIVE = "DU1234567", "U7654321"


def refusal(check: Callable[[], None]) -> Refusal | None:
    """The refusal of a check; its message is the error's."""
    try:
        check()
    except TradeRefusedError as error:
        (found,) = error.refusals
        return found if found.message == str(error) else None
    return None


@pytest.mark.parametrize("zone", [NEW_YORK, UTC, ZoneInfo("Asia/Tokyo")])
@pytest.mark.parametrize(
    ("now", "code", "opens"),
    [
        ("2024-07-02 15:54:59", RefusalCode.SESSION_TOO_EARLY, "2024-07-02T15:55:00-04:00"),
        ("2024-07-02 15:55:00", None, ""),
        ("2024-07-02 15:58:59", None, ""),
        ("2024-07-02 15:59:00", RefusalCode.SESSION_TOO_LATE, "2024-07-03T12:55:00-04:00"),
        ("2024-07-02 21:00:00", RefusalCode.SESSION_TOO_LATE, "2024-07-03T12:55:00-04:00"),
        ("2024-07-03 12:55:00", None, ""),
        ("2024-07-03 15:55:00", RefusalCode.SESSION_TOO_LATE, "2024-07-05T15:55:00-04:00"),
        ("2024-07-04 12:55:00", RefusalCode.SESSION_CLOSED, "2024-07-05T15:55:00-04:00"),
        ("2024-07-06 15:55:00", RefusalCode.SESSION_CLOSED, "2024-07-08T15:55:00-04:00"),
        ("2024-11-01 15:59:30", RefusalCode.SESSION_TOO_LATE, "2024-11-04T15:55:00-05:00"),
        ("2024-12-31 16:00:00", RefusalCode.SESSION_TOO_LATE, "2025-01-02T15:55:00-05:00"),
        ("2025-01-09 15:56:00", RefusalCode.SESSION_CLOSED, "2025-01-10T15:55:00-05:00"),
    ],
)
def test_outside_the_window_the_next_one_is_named(
    now: str, code: RefusalCode | None, opens: str, zone: ZoneInfo
) -> None:
    """Early, late and on a holiday it is refused, with the time and the next window's opening and deadline."""
    instant = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    found = refusal(lambda: check_window(instant.astimezone(zone), MINUTES))
    assert (found.code if found else None) is code
    if found:
        assert found.numbers["now"] == instant.isoformat()
        assert found.numbers["opens"] == opens
        length = datetime.fromisoformat(found.numbers["deadline"]) - datetime.fromisoformat(opens)
        assert length == timedelta(minutes=MINUTES - 1)
        assert opens[:10] in found.message
        assert opens[11:16] in found.message


@pytest.mark.parametrize(
    ("now", "session"),
    [
        (datetime(2024, 7, 2, 4, tzinfo=NEW_YORK), date(2024, 7, 2)),
        (datetime(2024, 7, 2, 15, 59, 59, tzinfo=NEW_YORK), date(2024, 7, 2)),
        (datetime(2024, 7, 2, 16, tzinfo=NEW_YORK), date(2024, 7, 3)),
        (datetime(2024, 7, 3, 13, tzinfo=NEW_YORK), date(2024, 7, 5)),
        (datetime(2024, 7, 4, 10, tzinfo=NEW_YORK), date(2024, 7, 5)),
        (datetime(2024, 7, 3, 2, tzinfo=UTC), date(2024, 7, 3)),
    ],
)
def test_a_rehearsal_is_of_the_session_that_is_not_over(now: datetime, session: date) -> None:
    """Until its close a plan is today's, and from then on the next session's."""
    assert planned_window(now, MINUTES).session_date == session


@pytest.mark.parametrize("seconds", [-3600, -10.1, -10, 0, 10, 10.1, 86_400])
def test_clocks_that_are_too_far_apart_are_refused(seconds: float) -> None:
    """Ten seconds are tolerated, either way; beyond them both clocks are told."""
    theirs = TUESDAY.astimezone(UTC) + timedelta(seconds=seconds)
    found = refusal(lambda: check_clock(theirs, TUESDAY))
    assert (found is None) == (abs(seconds) <= 10)
    if found:
        assert found.code is RefusalCode.CLOCK_DISAGREES
        assert found.numbers == {"broker": theirs.isoformat(), "machine": TUESDAY.isoformat()}


def trade(folder: Path, mode: Mode, text: str) -> Callable[[str], Refusal | None]:
    """The check of an account by a configuration; `text` is account, `allowed` for live trading, confirmed account."""
    account, is_allowed, confirmed = (part.strip() for part in text.split(","))
    settings = {"broker": {"account": account}, "trading": {"is_live_allowed": is_allowed == "allowed"}}
    (folder / FILE_NAME).write_text(yaml.safe_dump(settings), encoding="utf-8")
    request, portfolio = RebalanceRequest(mode, confirmed), load_portfolio(folder)

    def check(account_id: str) -> Refusal | None:
        amount = Decimal(10_000)
        stated = Account(account_id, amount, amount, amount, {}, is_paper=account_id.startswith("D"))
        return refusal(lambda: check_account(request, portfolio, stated))

    return check


@pytest.mark.parametrize(
    ("mode", "text", "account_id", "code", "said"),
    [
        (Mode.PAPER, ",,", PAPER, None, ""),
        (Mode.PAPER, f"{PAPER},,", PAPER, None, ""),
        (Mode.PAPER, ",,", LIVE, RefusalCode.ACCOUNT_NOT_PAPER, "not a paper account"),
        (Mode.PAPER, f"{LIVE},allowed,{LIVE}", LIVE, RefusalCode.ACCOUNT_NOT_PAPER, "not a paper account"),
        (Mode.PAPER, f"{PAPER},,", "DU9999999", RefusalCode.ACCOUNT_UNEXPECTED, f"broker.account is {PAPER}"),
        (Mode.PAPER, f"{LIVE},,", PAPER, RefusalCode.ACCOUNT_UNEXPECTED, f"broker.account is {LIVE}"),
        (Mode.LIVE, f"{LIVE},allowed,{LIVE}", LIVE, None, ""),
        (Mode.LIVE, f"{LIVE},,{LIVE}", LIVE, RefusalCode.ACCOUNT_UNEXPECTED, "is_live_allowed is false"),
        (Mode.LIVE, f",allowed,{LIVE}", LIVE, RefusalCode.ACCOUNT_UNEXPECTED, "needs broker.account"),
        (Mode.LIVE, f"{LIVE},allowed,", LIVE, RefusalCode.ACCOUNT_UNEXPECTED, "--confirm (nothing)"),
        (Mode.LIVE, f"{LIVE},allowed,{PAPER}", LIVE, RefusalCode.ACCOUNT_UNEXPECTED, f"--confirm {PAPER}"),
        (Mode.LIVE, f"{LIVE},allowed,{LIVE}", "U1111111", RefusalCode.ACCOUNT_UNEXPECTED, "trades U1111111"),
        (Mode.DRY_RUN, ",,", LIVE, None, ""),
        (Mode.DRY_RUN, ",,", PAPER, None, ""),
        (Mode.DRY_RUN, f"{LIVE},,", PAPER, RefusalCode.ACCOUNT_UNEXPECTED, f"broker.account is {LIVE}"),
    ],
)
def test_only_the_account_that_was_meant_is_traded(  # noqa: PLR0913, PLR0917 - the columns of its table
    tmp_path: Path, mode: Mode, text: str, account_id: str, code: RefusalCode | None, said: str
) -> None:
    """Paper trades paper accounts alone; live needs the configuration twice and the person's word; all are told."""
    found = trade(tmp_path, mode, text)(account_id)
    assert (found.code if found else None) is code
    if found:
        configured, _, confirmed = text.split(",")
        assert found.numbers == {"gateway": account_id, "configured": configured, "confirmed": confirmed}
        assert said in found.message
