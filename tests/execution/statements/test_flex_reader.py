"""The broker's XML: every form of it that is read, and every one that is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flex import DAY, StatementXml, cancellation, document, movement, row, trade

from execution.brokers.flex.reader import read
from execution.brokers.statements import MovementKind
from execution.errors import StatementError, StatementUnavailableError
from execution.models import Side

BOMB = b'<!DOCTYPE FlexQueryResponse [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><FlexQueryResponse>&b;</FlexQueryResponse>'
THEFT = b'<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><FlexQueryResponse>&a;</FlexQueryResponse>'


def test_a_statement_is_read_with_its_trades_positions_cash_and_movements() -> None:
    """A sale of a share class, as the broker writes its symbol; sums and unknown sections are passed over."""
    xml = StatementXml(
        trades=[
            trade(symbol="BRK B", quantity=-3, price="410.25", ibCommission="-1.02", taxes="-0.01"),
            row("Trade", levelOfDetail="ORDER"),
            row("Order", symbol="SPY"),
        ],
        positions={"BRK B": "7.5", "TLT": 0},
        cash={"USD": ("1,000.00", "2229.72"), "EUR": (0, "4.5")},
        movements=[movement(1, "Dividends", "12.34", symbol="BRK B"), row("CashTransaction", levelOfDetail="SUMMARY")],
    )
    (found,) = read(xml.document)
    (sold,), (dividend,) = found.trades, found.movements
    assert (found.account_id, found.first_day, found.last_day, found.currency) == ("DU1234567", DAY, DAY, "USD")
    assert found.generated_at.astimezone(UTC) == datetime(2024, 6, 12, 1, 23, 54, tzinfo=UTC)
    assert (sold.symbol, sold.side, sold.quantity, sold.commission) == ("BRK.B", Side.SELL, Decimal(3), Decimal("1.02"))
    assert sold.cash == {"USD": Decimal("1229.72")}
    assert found.positions == {"BRK.B": Decimal("7.5")}
    assert [(each.currency, each.starting) for each in found.cash] == [("EUR", Decimal(0)), ("USD", Decimal(1000))]
    assert found.base_cash == Decimal("2229.72")
    assert (dividend.kind, dividend.symbol, dividend.base_amount) == (MovementKind.DIVIDEND, "BRK.B", Decimal("12.34"))
    assert found.is_whole


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-04-09;21:23:54 EDT", datetime(2026, 4, 10, 1, 23, 54, tzinfo=UTC)),
        ("20260109;212354 EST", datetime(2026, 1, 10, 2, 23, 54, tzinfo=UTC)),
        ("20260109;212354", datetime(2026, 1, 10, 2, 23, 54, tzinfo=UTC)),
        ("20260709;212354", datetime(2026, 7, 10, 1, 23, 54, tzinfo=UTC)),
        ("2026-07-09, 21:23:54", datetime(2026, 7, 10, 1, 23, 54, tzinfo=UTC)),
        ("2026-03-06;16:00:00", datetime(2026, 3, 6, 21, 0, tzinfo=UTC)),
        ("2026-03-09;16:00:00", datetime(2026, 3, 9, 20, 0, tzinfo=UTC)),
        ("20260709", datetime(2026, 7, 10, 3, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_new_yorks_on_both_sides_of_a_change_of_the_clocks(text: str, instant: datetime) -> None:
    """A zone that is stated counts; a day alone ends at midnight."""
    (found,) = read(StatementXml(generated=text).document)
    assert found.generated_at.astimezone(UTC) == instant


def test_a_statement_broken_out_by_day_is_one_for_each() -> None:
    """They come in the order of their days."""
    days = [date(2024, 6, 12), date(2024, 6, 11)]
    found = read(document(*(StatementXml(first=day, last=day) for day in days)))
    assert [each.last_day for each in found] == sorted(days)


def test_a_correction_replaces_its_trade_and_a_bust_leaves_none() -> None:
    """The cancelled and the right row share their number; all three rows move cash."""
    first, second = "0001.02.03.01", "0001.02.03.02"
    rows = [
        trade(first, quantity=2, price=100, ibCommission=0),
        cancellation(first, "SPY", 2, 100),
        trade(second, quantity=2, price=101, tradeID=f"T{first}", ibCommission=0),
    ]
    (found,) = read(StatementXml(trades=rows).document)
    assert [(each.exec_id, each.price) for each in found.effective_trades] == [(second, Decimal(101))]
    assert found.traded_cash() == {"USD": Decimal(-202)}
    (busted,) = read(StatementXml(trades=rows[:2]).document)
    assert busted.effective_trades == ()
    assert busted.cancelled_before == ()
    (later,) = read(StatementXml(trades=rows[1:2]).document)
    assert [each.trade_id for each in later.cancelled_before] == [f"T{first}"]


def test_trade_confirmations_are_read_by_their_own_names() -> None:
    """They serve where the query has no Trades."""
    confirmed = row(
        "TradeConfirm", symbol="SPY", quantity=1, price=500, commission="-0.35", currency="USD", buySell="BUY",
        execID="a.b.c.01", tradeID="7", dateTime="20240611;155500", levelOfDetail="EXECUTION",
    )  # fmt: skip
    xml = StatementXml(left_out=("Trades",)).element.replace(
        "</FlexStatement>", f"<TradeConfirms>{confirmed}</TradeConfirms></FlexStatement>"
    )
    (found,) = read(f"<FlexQueryResponse><FlexStatements>{xml}</FlexStatements></FlexQueryResponse>".encode())
    assert [(each.base_id, each.commission) for each in found.trades] == [("a.b.c", Decimal("0.35"))]
    assert found.is_whole


def test_a_conversion_of_currencies_moves_both() -> None:
    """EUR are bought with USD; the commission is in USD."""
    rows = [trade("x.y.z.01", "EUR.USD", 1000, "1.1", assetCategory="CASH", proceeds=-1100, ibCommission=-2)]
    (found,) = read(StatementXml(trades=rows).document)
    assert found.traded_cash() == {"EUR": Decimal(1000), "USD": Decimal(-1102)}
    assert not found.trades[0].is_share


def test_missing_sections_are_named() -> None:
    """The statement is read as far as it goes."""
    (found,) = read(StatementXml(left_out=("Trades", "CashTransactions", "AccountInformation")).document)
    assert found.missing == ("Trades", "AccountInformation", "CashTransactions")
    assert not found.is_whole


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "declares a document type"),
        (THEFT, "declares a document type"),
        (b"<FlexQueryResponse><FlexStatements/></FlexQueryResponse>", "holds no statement"),
        (
            b"<FlexStatementResponse><ErrorCode>1012</ErrorCode></FlexStatementResponse>",
            "no statement: its code is 1012",
        ),
        (StatementXml(trades=[trade(ibExecID="")]).document, "Trades in the statement has no ibExecID or execID. Tick"),
        (StatementXml(trades=[trade(price="about 5")]).document, "'about 5', which is no number"),
        (StatementXml(trades=[trade(price="NaN")]).document, "'NaN', which is no number"),
        (StatementXml(trades=[trade(dateTime="11/06/2024")]).document, "which is no time such as"),
        (StatementXml(generated="2024-06-11;21:23:54 XYZ").document, "which is no time such as"),
        (StatementXml(movements=[movement("", "Dividends", 1)]).document, "has no transactionID"),
        (StatementXml(movements=[movement(1, "Dividends", 1, reportDate="20240631")]).document, "no day such as"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(content: bytes, words: str) -> None:
    """Section, field and remedy are named."""
    with pytest.raises(StatementError, match=words):
        read(content)


def test_a_page_or_half_a_document_is_no_statement() -> None:
    """It may be right the next time."""
    for content in (b"<html><body>login</body></html>", StatementXml().document[:-30], b"\xff\xfe"):
        with pytest.raises(StatementUnavailableError):
            read(content)
