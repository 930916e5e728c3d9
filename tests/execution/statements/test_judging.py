"""The statement as the judge: what agrees, what differs, who signs, and what follows when none comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from flex import (
    ACCOUNT,
    DAY,
    NEW_YORK,
    QUERY,
    TOKEN,
    StatementXml,
    cancellation,
    document,
    flex_server,
    movement,
    trade,
)
from stated_accounts import BOUGHT, EXEC_ID, KNOWN, MORNING, agreeing, corrected, judged, record

from execution.errors import StatementError, StatementUnavailableError
from execution.installation import Installation
from execution.ledger.events import EventKind, Reconciliation, Release
from execution.models import CommissionReport, Switch
from execution.service import open_ledger
from execution.statements import judging
from execution.statements.codes import ExceptionCode
from execution.statements.standing import standing_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from execution.statements.standing import StatementStanding

ON = {"IBKR_FLEX_TOKEN": TOKEN, "IBKR_FLEX_QUERY": QUERY}


def standing(here: Installation, now: datetime = MORNING) -> StatementStanding:
    """The standing of the account's statements."""
    with open_ledger(here) as ledger:
        return standing_of(ledger, ACCOUNT, now)


def codes(here: Installation) -> list[str]:
    """The codes of what nobody has signed."""
    return [each.code for each in standing(here).open]


def switched_on(here: Installation, settings: str, variables: Mapping[str, str] = ON) -> Installation:
    """The installation with a token and these settings of statements."""
    text = f"broker: {{account: {ACCOUNT}}}\nstatements: {{{settings}}}\n"
    (here.home / "portfolio.yaml").write_text(text, encoding="utf-8")
    return Installation(here.home, flex=dict(variables))


def test_a_statement_that_agrees_is_clean(here: Installation) -> None:
    """Trade, commission, position and cash."""
    found = judged(here, agreeing())
    assert found.raised == 0
    assert found.standing.clean_until == DAY
    assert found.standing.behind == 0


EUR_COMMISSION = trade(EXEC_ID, ibCommission="-0.33", ibCommissionCurrency="EUR")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trades": []}, {ExceptionCode.TRADE_MISSING_AT_BROKER, ExceptionCode.CASH_DIFFERS}),
        (
            {"trades": [trade(EXEC_ID), trade("f.f.f.01", "TLT", 1, 90)], "cash": {"USD": (10_000, "4909.30")}},
            {ExceptionCode.TRADE_MISSING_IN_LEDGER},
        ),
        (
            {"trades": [trade(EXEC_ID, price="500.01")], "cash": {"USD": (10_000, "4999.55")}},
            {ExceptionCode.TRADE_DIFFERS},
        ),
        (
            {"trades": [trade(EXEC_ID, quantity=9)], "cash": {"USD": (10_000, "5499.65")}, "positions": {"SPY": 9}},
            {ExceptionCode.TRADE_DIFFERS, ExceptionCode.POSITION_DIFFERS},
        ),
        (
            {"trades": [trade(EXEC_ID, symbol="VOO")], "positions": {"SPY": 10}},
            {ExceptionCode.TRADE_DIFFERS},
        ),
        (
            {"trades": [trade(EXEC_ID, ibCommission="-1.00")], "cash": {"USD": (10_000, "4999")}},
            {ExceptionCode.COMMISSION_DIFFERS},
        ),
        (
            {"trades": [EUR_COMMISSION], "cash": {"USD": (10_000, 5_000), "EUR": (10, "9.67")}},
            {ExceptionCode.COMMISSION_DIFFERS},
        ),
        ({"positions": {"SPY": 10, "TLT": 1}}, {ExceptionCode.POSITION_DIFFERS}),
        ({"positions": {}}, {ExceptionCode.POSITION_DIFFERS}),
        ({"cash": {"USD": (10_000, "4999.64")}}, {ExceptionCode.CASH_DIFFERS}),
        ({"cash": {"USD": (10_000, "4999.65"), "EUR": (0, 1)}}, {ExceptionCode.CASH_DIFFERS}),
        (
            {"movements": [movement(1, "Gift", 5)], "cash": {"USD": (10_000, "5004.65")}},
            {ExceptionCode.MOVEMENT_UNKNOWN},
        ),
        (
            {"trades": [trade(EXEC_ID), cancellation("0.0.9.01", "SPY", 1, 499)], "cash": {"USD": (10_000, "5498.65")}},
            {ExceptionCode.TRADE_CANCELLED},
        ),
    ],
)
def test_each_difference_is_an_exception_of_its_own(
    here: Installation, changes: dict[str, object], expected: set[ExceptionCode]
) -> None:
    """The statement is not clean; the same one again raises nothing new."""
    differing = replace(agreeing(), **changes)  # type: ignore[arg-type]
    found = judged(here, differing)
    assert {each.code for each in found.standing.open} == expected
    assert found.raised == len(expected)
    assert found.standing.clean_until is None
    assert judged(here, differing).raised == 0


def test_an_unsigned_exception_stays_whatever_comes_after(here: Installation) -> None:
    """A restated statement that agrees resolves nothing; neither does a late report of the gateway."""
    wrong = replace(agreeing(), trades=[trade(EXEC_ID, price=501)], cash={"USD": (10_000, "4989.65")})
    judged(here, wrong, replace(agreeing(), generated="2024-06-12;09:00:00 EDT"))
    assert codes(here) == [ExceptionCode.TRADE_DIFFERS]
    record(here, corrected("501"))
    judged(here, wrong)
    assert codes(here) == [ExceptionCode.TRADE_DIFFERS]


def test_a_person_signs_with_a_reason_and_it_stays_signed(here: Installation) -> None:
    """Signing records who and why, once; the statement is then clean, and stays so when it comes again."""
    wrong = replace(agreeing(), positions={"SPY": 11})
    (open_one,) = judged(here, wrong).standing.open
    with pytest.raises(StatementError, match="needs its reason"):
        judging.sign(here, open_one.exception_id, " ", MORNING)
    with pytest.raises(StatementError, match="no exception deadbeef"):
        judging.sign(here, "deadbeef", "seen", MORNING)
    signed, left = judging.sign(here, open_one.exception_id, "a gift of a share", MORNING)
    assert (signed, left) == (open_one, 0)
    assert judged(here, wrong).standing.clean_until == DAY
    with pytest.raises(StatementError, match="signed already"):
        judging.sign(here, open_one.exception_id, "again", MORNING)
    with open_ledger(here) as ledger:
        (event,) = [each.event for each in ledger.of_kinds(EventKind.EXCEPTION_SIGNED)]
        assert event.payload.reason == "a gift of a share"  # type: ignore[union-attr]
        assert event.payload.by  # type: ignore[union-attr]
        ledger.verify()


def test_a_correction_agrees_once_the_ledger_has_it(here: Installation) -> None:
    """The broker cancels its row and writes another; the ledger has the newer revision."""
    rows = [
        trade(EXEC_ID),
        cancellation(EXEC_ID, "SPY", 10, 500, ibCommission="0.35"),
        trade(f"{BOUGHT.base_id}.02", price="500.5", tradeID=f"T{EXEC_ID}"),
    ]
    record(here, corrected("500.5"), CommissionReport(f"{BOUGHT.base_id}.02", Decimal("0.35"), "USD"))
    assert judged(here, replace(agreeing(), trades=rows, cash={"USD": (10_000, "4994.65")})).raised == 0


def test_a_commission_in_another_currency_agrees_if_the_gateway_reported_it_so(tmp_path: Path) -> None:
    """Both state 0.33 EUR."""
    here = Installation(tmp_path)
    record(here, *KNOWN[:2], CommissionReport(EXEC_ID, Decimal("0.33"), "EUR"))
    cash = {"USD": (10_000, 5_000), "EUR": (10, "9.67")}
    assert judged(here, replace(agreeing(), trades=[EUR_COMMISSION], cash=cash)).raised == 0


def test_what_a_person_looks_after_and_what_was_before_are_not_judged(here: Installation) -> None:
    """A released symbol, and a trade of the morning before the ledger first saw the account."""
    record(here, Release("XYZ", is_released=True, by="owner", reason="mine"))
    before = trade("b.b.b.01", "TLT", -5, 90, dateTime="20240611;100000", ibCommission=0)
    mine = trade("m.m.m.01", "XYZ", 1, 7, ibCommission=0)
    cash = {"USD": (9_550, "4992.65")}
    xml = replace(agreeing(), trades=[before, trade(EXEC_ID), mine], positions={"SPY": 10, "XYZ": 1}, cash=cash)
    assert judged(here, xml).raised == 0
    early = StatementXml(first=DAY - timedelta(days=4), last=DAY - timedelta(days=4), positions={"GME": 3})
    assert judged(here, early).raised == 0


def test_accepted_positions_agree_from_then_on(here: Installation) -> None:
    """A share that came by hand differs on its day; after the acceptance the next day agrees."""
    judged(here, replace(agreeing(), positions={"SPY": 11}))
    seen = KNOWN[0]
    assert isinstance(seen, Reconciliation)
    account = replace(seen.account, positions={"SPY": Decimal(11)})
    record(here, Reconciliation(account, MORNING, is_baseline=True))
    next_day = StatementXml(
        first=date(2024, 6, 12), last=date(2024, 6, 12), positions={"SPY": 11}, cash={"USD": (4999, 4999)}
    )
    assert judged(here, next_day).raised == 0


def test_movements_are_entered_once_and_reversals_are_movements(here: Installation) -> None:
    """Overlapping statements repeat them; a reversal has an id of its own."""
    rows = [
        movement(1, "Deposits/Withdrawals", 1000),
        movement(2, "Dividends", "12.50", symbol="SPY"),
        movement(3, "Withholding Tax", "-1.88", symbol="SPY"),
        movement(4, "Broker Interest Received", "0.31"),
        movement(5, "Other Fees", "-10"),
        movement(6, "Dividends", "-12.50", symbol="SPY"),
    ]
    xml = replace(agreeing(), movements=rows, cash={"USD": (10_000, "5988.08")})
    found = judged(here, xml)
    assert found.raised == 0
    assert dict(found.entered) == {"deposit": 1, "dividend": 2, "withholding_tax": 1, "interest": 1, "fee": 1}
    overlapping = replace(xml, generated="2024-06-13;09:00:00 EDT")
    assert not judged(here, overlapping, xml).entered


def test_a_transaction_that_changes_is_an_exception(here: Installation) -> None:
    """Both contents stand in the ledger; the newest statement's counts."""
    first = replace(agreeing(), movements=[movement(2, "Dividends", "12.50")], cash={"USD": (10_000, "5012.15")})
    second = replace(
        first,
        movements=[movement(2, "Dividends", "12.05")],
        cash={"USD": (10_000, "5011.70")},
        generated="2024-06-13;09:00:00 EDT",
    )
    judged(here, first, second)
    assert codes(here) == [ExceptionCode.MOVEMENT_CHANGED]


def test_a_foreign_statement_enters_nothing_and_is_kept(here: Installation) -> None:
    """Another account, another base currency, one of several days of another account."""
    for xml, words in (
        (replace(agreeing(), account_id="U999"), "of account U999, and the ledger trades DU1234567"),
        (replace(agreeing(), base="EUR", cash={"EUR": (1, 1)}), "base currency is EUR"),
    ):
        with pytest.raises(StatementError, match=words):
            judging.judge(here, document(agreeing(), xml), MORNING)
    assert standing(here).newest is None
    assert len(list((here.home / "statements").glob("2024-06-12-*.xml"))) == 2


def test_nobody_knows_the_account_before_the_first_look(tmp_path: Path) -> None:
    """Neither configuration nor ledger names one."""
    with pytest.raises(StatementError, match=r"set broker\.account"):
        judging.judge(Installation(tmp_path), agreeing().document, MORNING)


def test_a_statement_without_a_section_is_compared_as_far_as_it_goes(here: Installation) -> None:
    """It is never clean."""
    found = judged(here, replace(agreeing(), left_out=("CashTransactions",), positions={"SPY": 9}))
    assert {each.code for each in found.standing.open} == {ExceptionCode.POSITION_DIFFERS}
    judging.sign(here, found.standing.open[0].exception_id, "seen", MORNING)
    assert standing(here).clean_until is None


def test_raw_documents_are_kept_unchanged(here: Installation) -> None:
    """Named by day and content, read-only, once each; one that was changed is told."""
    content = agreeing().document
    first, again = judging.judge(here, content, MORNING), judging.judge(here, content, MORNING + timedelta(days=9))
    assert first.file == again.file
    assert first.file.name.startswith("2024-06-12-")
    assert first.file.read_bytes() == content
    assert first.file.stat().st_mode & 0o222 == 0
    first.file.chmod(0o600)
    first.file.write_bytes(b"forged")
    with pytest.raises(StatementError, match="was changed after it was kept"):
        judging.judge(here, content, MORNING)


def test_a_file_that_is_not_there_is_told(here: Installation) -> None:
    """With its name."""
    with pytest.raises(StatementError, match=r"none\.xml cannot be read: No such file"):
        judging.from_file(here, here.home / "none.xml", MORNING)


def test_without_a_token_statements_are_off(here: Installation) -> None:
    """Nothing is recorded, whatever the policy."""
    off = switched_on(here, "policy: reduce_only, after_sessions: 1", {"IBKR_FLEX_TOKEN": TOKEN})
    with pytest.raises(StatementError, match="Statements are off"):
        judging.pull(off, MORNING)
    assert list(judging.enforce(off, MORNING + timedelta(days=60))) == []
    assert not standing(off, MORNING + timedelta(days=60)).is_begun


def test_a_pull_judges_what_the_service_makes(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets come from a folder; what fails is recorded without them."""
    with flex_server(agreeing().document, orders=["1012", "ok"]) as server:
        on = switched_on(here, f'url: "{server.url}"', {})
        (here.home / "secrets").mkdir()
        for name, value in ON.items():
            (here.home / "secrets" / name.lower()).write_text(f"{value}\n", encoding="utf-8")
        monkeypatch.setattr("execution.brokers.flex.adapter.ADAPTER", server.adapter)
        with pytest.raises(StatementError, match="the token has expired"):
            judging.pull(on, MORNING)
        missed = standing(on).missed
        assert missed is not None
        assert missed.code == "StatementError"
        assert TOKEN not in missed.message
        assert judging.pull(on, MORNING).raised == 0
        assert standing(on).missed is None


def test_the_policy_restricts_trading_once_when_no_statement_comes(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sessions are borne, the third is not; the switch is the existing one, and a person lifts it."""
    with flex_server(orders=[503]) as server:
        monkeypatch.setattr("execution.brokers.flex.adapter.ADAPTER", server.adapter)
        on = switched_on(here, f'url: "{server.url}", policy: reduce_only, after_sessions: 3')
        monday = datetime(2024, 6, 17, 8, 30, tzinfo=NEW_YORK)
        judged(here, agreeing())
        for day, behind in ((date(2024, 6, 13), 1), (date(2024, 6, 14), 2), (monday.date(), 3)):
            now = datetime.combine(day, monday.timetz())
            with pytest.raises(StatementUnavailableError):
                judging.pull(on, now)
            assert standing(on, now).behind == behind
            told = list(judging.enforce(on, now))
            assert bool(told) == (behind == 3)
    with open_ledger(on) as ledger:
        assert ledger.switch(ACCOUNT) is Switch.REDUCE_ONLY
    assert list(judging.enforce(on, monday)) == []


@pytest.mark.parametrize("policy", ["none", "warn"])
def test_another_policy_restricts_nothing(here: Installation, policy: str) -> None:
    """An open exception leaves the account without a clean statement."""
    on = switched_on(here, f"policy: {policy}, after_sessions: 1")
    judged(on, replace(agreeing(), positions={}))
    assert list(judging.enforce(on, MORNING + timedelta(days=30))) == []


def test_sessions_are_counted_by_the_calendar_and_the_next_morning(here: Installation) -> None:
    """A weekend and Juneteenth are none; a session counts from the morning after it."""
    judged(here, agreeing())
    for now, behind in (
        (datetime(2024, 6, 12, 16, 30, tzinfo=NEW_YORK), 0),
        (datetime(2024, 6, 13, 8, 30, tzinfo=NEW_YORK), 1),
        (datetime(2024, 6, 17, 7, 0, tzinfo=NEW_YORK), 3),
        (datetime(2024, 6, 19, 8, 30, tzinfo=NEW_YORK), 5),
        (datetime(2024, 6, 20, 8, 30, tzinfo=NEW_YORK), 5),
        (datetime(2024, 6, 21, 8, 30, tzinfo=NEW_YORK), 6),
    ):
        assert standing(here, now).behind == behind, now
