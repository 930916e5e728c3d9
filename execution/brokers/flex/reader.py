"""The reader of Flex statements: the few sections and fields that the ledger is compared with."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from execution.brokers.flex.document import root_of
from execution.brokers.flex.fields import FlexRow
from execution.brokers.statements import BrokerStatement, CashMovement, MovementKind, StatedCash, StatedTrade
from execution.errors import StatementError
from execution.models import Side
from warehouse.symbols import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from xml.etree.ElementTree import Element

TRADES = ("Trades", "TradeConfirms")
"""Either holds the trades: an activity statement's, or confirmations."""
NEEDED = ("AccountInformation", "OpenPositions", "CashReport", "CashTransactions")
IN_BASE = ("BASE", "BASE_SUMMARY")
ZERO = Decimal(0)
KINDS = MappingProxyType(
    {
        "dividends": MovementKind.DIVIDEND,
        "payment in lieu of dividends": MovementKind.DIVIDEND,
        "withholding tax": MovementKind.WITHHOLDING_TAX,
        "871(m) withholding": MovementKind.WITHHOLDING_TAX,
        "broker interest paid": MovementKind.INTEREST,
        "broker interest received": MovementKind.INTEREST,
        "bond interest paid": MovementKind.INTEREST,
        "bond interest received": MovementKind.INTEREST,
        "broker fees": MovementKind.FEE,
        "other fees": MovementKind.FEE,
        "advisor fees": MovementKind.FEE,
        "commission adjustments": MovementKind.FEE,
        "deposits/withdrawals": MovementKind.DEPOSIT,
        "deposits & withdrawals": MovementKind.DEPOSIT,
        "deposits and withdrawals": MovementKind.DEPOSIT,
    }
)
"""Kinds by the broker's words, in lower case."""


def read(content: bytes) -> tuple[BrokerStatement, ...]:
    """Return the statements of a document, by their first days; a query broken out by day makes one for each.

    Raises:
        StatementError: It is no statement, or lacks a field.
    """
    root = root_of(content)
    if root.tag != "FlexQueryResponse":
        raise StatementError(
            "The document is a reply of the statement service, and no statement: its code is "
            f"{(root.findtext('ErrorCode') or 'none').strip()}. Get the statement itself."
        )
    found = [_statement(element) for element in root.iter("FlexStatement")]
    if not found:
        raise StatementError("The document holds no statement: the Flex query names no account, or no day.")
    return tuple(sorted(found, key=lambda each: (each.first_day, each.last_day)))


def _statement(element: Element) -> BrokerStatement:
    head = FlexRow("FlexStatement", element)
    generated_at = head.moment("whenGenerated")
    information = element.find("AccountInformation")
    sections = {child.tag for child in element}
    missing = [name for name in NEEDED if name not in sections]
    if not sections.intersection(TRADES):
        missing.insert(0, TRADES[0])
    cash, base_cash = _cash(element)
    return BrokerStatement(
        account_id=head.text("accountId"),
        first_day=head.day("fromDate"),
        last_day=head.day("toDate"),
        generated_at=generated_at,
        currency="" if information is None else FlexRow("AccountInformation", information).text("currency"),
        trades=tuple(_trade(row) for row in _trades(element)),
        positions=_positions(element),
        cash=cash,
        base_cash=base_cash,
        movements=tuple(_movement(row, generated_at) for row in _rows(element, "CashTransactions", "CashTransaction")),
        missing=tuple(missing),
    )


def _rows(statement: Element, section: str, tag: str, *details: str) -> Iterator[FlexRow]:
    """Yield the rows of a section that are no sums of others.

    Args:
        statement: Where the section is looked for.
        section: Name of the section.
        tag: Name of its rows.
        details: Levels of detail that count; a row that states none counts too. Without any, all but SUMMARY.
    """
    for element in statement.findall(f"{section}/{tag}"):
        detail = element.get("levelOfDetail", "").upper()
        if not detail or (detail in details if details else detail != "SUMMARY"):
            yield FlexRow(section, element)


def _trades(statement: Element) -> Iterator[FlexRow]:
    yield from _rows(statement, "Trades", "Trade", "EXECUTION")
    if statement.find("Trades") is None:
        yield from _rows(statement, "TradeConfirms", "TradeConfirm", "EXECUTION")


def _trade(row: FlexRow) -> StatedTrade:
    words = row.text("buySell").upper()
    notes = {note.strip().upper() for note in row.text("notes", "code", default="").split(";")}
    is_cancellation = "(CA" in words or "CA" in notes or row.text("transactionType", default="") == "TradeCancel"
    is_share = row.text("assetCategory", default="STK") == "STK"
    symbol = row.text("symbol")
    side = Side.BUY if words.startswith("B") else Side.SELL
    quantity, price = row.number("quantity"), row.number("tradePrice", "price")
    commission = row.number("ibCommission", "commission", default=ZERO)
    currency = row.text("currency")
    commission_currency = row.text("ibCommissionCurrency", "commissionCurrency", default=currency)
    signed = abs(quantity) * side.sign * (-1 if is_cancellation else 1)
    cash: dict[str, Decimal] = defaultdict(Decimal)
    cash[currency] += row.number("proceeds", default=-signed * price) if not is_cancellation else -signed * price
    cash[currency] += row.number("taxes", "tax", default=ZERO)
    cash[commission_currency] += commission
    if row.text("assetCategory", default="") == "CASH":  # EUR.USD moves both
        cash[symbol.partition(".")[0]] += signed
    exec_id = (
        row.text("ibExecID", "execID", "extExecID", default="") if is_cancellation else row.text("ibExecID", "execID")
    )
    base_id, _, revision = exec_id.rpartition(".")
    is_numbered = bool(base_id) and revision.isdecimal()
    return StatedTrade(
        exec_id=exec_id,
        base_id=base_id if is_numbered else exec_id,
        revision=int(revision) if is_numbered else 0,
        trade_id=row.text(*(("origTradeID", "tradeID") if is_cancellation else ("tradeID",)), default=exec_id),
        transaction_id=row.text("transactionID", default=""),
        symbol=(canonical(symbol) or symbol) if is_share else symbol,
        side=side,
        quantity=abs(quantity),
        price=price,
        commission=-commission,
        commission_currency=commission_currency,
        executed_at=row.moment("dateTime"),
        cash=dict(cash),
        is_share=is_share,
        is_cancellation=is_cancellation,
    )


def _positions(statement: Element) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in _rows(statement, "OpenPositions", "OpenPosition", "SUMMARY"):
        if row.text("assetCategory", default="STK") == "STK":
            symbol = row.text("symbol")
            found[canonical(symbol) or symbol] += row.number("position", "quantity")
    return {symbol: held for symbol, held in sorted(found.items()) if held}


def _cash(statement: Element) -> tuple[tuple[StatedCash, ...], Decimal | None]:
    """Return the cash by currency, and all of it in the base currency where that is stated."""
    found, base = [], None
    for element in statement.findall("CashReport/CashReportCurrency"):
        row = FlexRow("CashReport", element)
        currency, ending = row.text("currency"), row.number("endingCash")
        if currency in IN_BASE:
            base = ending
        else:
            found.append(StatedCash(currency, row.number("startingCash"), ending))
    return tuple(sorted(found, key=lambda each: each.currency)), base


def _movement(row: FlexRow, stated_at: datetime) -> CashMovement:
    words = row.text("type")
    amount = row.number("amount")
    symbol = row.text("symbol", default="")
    description = row.text("description", default="")
    return CashMovement(
        transaction_id=row.text("transactionID"),
        kind=KINDS.get(words.lower(), MovementKind.OTHER),
        amount=amount,
        currency=row.text("currency"),
        base_amount=amount * row.number("fxRateToBase", default=Decimal(1)),
        day=row.day("reportDate", "dateTime"),
        happened_at=row.moment("dateTime", "reportDate"),
        symbol=canonical(symbol) or symbol,
        words=f"{words}: {description}" if description else words,
        stated_at=stated_at,
    )
