"""Messages of the gateway about contracts, orders, executions and the account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from execution.models import CURRENCY, Side
from execution.simulator.client import Message
from execution.simulator.market import contract_id, exchange_text, session_hours
from execution.simulator.orders import Status
from execution.simulator.wire import Value
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from execution.simulator.account import CashAccount
    from execution.simulator.market import Market
    from execution.simulator.orders import BrokerOrder, Fill
    from execution.simulator.scenario import Listing

Fields = dict[str, Value]

PRIMARY_EXCHANGE = "ARCA"
HOURS_DAYS = 5
OF_ANOTHER_SESSION = 1_000_000
"""Added to an order's permanent id: that of an order which had its number before."""


def _contract(symbol: str, exchange: str = "SMART") -> Fields:
    written = symbol.replace(".", " ")
    named: Fields = {"symbol": written, "localSymbol": written, "tradingClass": symbol}
    return {"conId": contract_id(symbol), "exchange": exchange, **named}


def listed_abroad(listing: Listing) -> Fields:
    """Name the contract of a second listing."""
    other: Fields = {"conId": contract_id(f"{listing.symbol}@{listing.exchange}"), "exchange": listing.exchange}
    return _contract(listing.symbol) | other


def foreign_position(listing: Listing, account_id: str) -> Message:
    """Report the position in a second listing."""
    fields = listed_abroad(listing) | {"account": account_id, "position": listing.held, "averageCost": 1}
    return Message("position", fields, listing.symbol)


def contract_details(number: str, symbol: str, now: datetime) -> Message:
    """Describe a contract, with the trading hours of the coming days."""
    today = now.astimezone(EXCHANGE_ZONE).date()
    days = [today + timedelta(days=ahead) for ahead in range(HOURS_DAYS)]
    hours = [(day, session_hours(day)) for day in days]
    text = ";".join(
        f"{open_[0]:%Y%m%d:%H%M}-{open_[1]:%Y%m%d:%H%M}" if open_ else f"{day:%Y%m%d}:CLOSED" for day, open_ in hours
    )
    described: Fields = {
        "reqId": number,
        "marketName": symbol,
        "longName": f"{symbol} FUND",
        "primaryExchange": PRIMARY_EXCHANGE,
        "orderTypes": "LMT,MKT",
        "validExchanges": f"SMART,{PRIMARY_EXCHANGE}",
        "tradingHours": text,
        "liquidHours": text,
    }
    return Message("contractDetails", _contract(symbol) | described, symbol)


def _order(order: BrokerOrder, account_id: str) -> Fields:
    return _contract(order.symbol) | {
        "action": order.side.value,
        "totalQuantity": order.quantity,
        "orderType": "MKT" if order.limit_price is None else "LMT",
        "lmtPrice": order.limit_price or 0,
        "tif": "DAY",
        "account": account_id,
        "orderRef": order.order_ref,
        "permId": order.permanent_id,
        "status": order.status.value,
    }


def open_order(order: BrokerOrder, account_id: str, *, with_commission: bool = True) -> Message:
    """Describe an order that is open, or was until now."""
    fields = _order(order, account_id) | {"orderId": order.order_id, "clientId": order.client_id}
    if with_commission and order.fills:
        fields |= {"commission": order.commission, "commissionCurrency": CURRENCY}
    return Message("openOrder", fields, order.symbol)


def completed_order(order: BrokerOrder, account_id: str) -> Message:
    """Describe an order that has ended; the broker states no quantity for one that filled."""
    is_filled = order.status is Status.FILLED
    fields = _order(order, account_id) | {
        "totalQuantity": 0 if is_filled else order.quantity,
        "filledQuantity": order.filled,
        "completedTime": exchange_text(order.done_at) if order.done_at else "",
        "completedStatus": f"Filled Size: {order.filled:f}" if is_filled else order.reason,
    }
    return Message("completedOrder", fields, order.symbol)


def order_status(order: BrokerOrder) -> Message:
    """Report the status of an order."""
    fields: Fields = {
        "orderId": order.order_id,
        "status": order.status.value,
        "filled": order.filled,
        "remaining": order.remaining,
        "averagePrice": order.fills[-1].average_price if order.fills else 0,
        "permId": order.permanent_id,
        "lastFillPrice": order.fills[-1].price if order.fills else 0,
        "clientId": order.client_id,
    }
    return Message("orderStatus", fields, order.symbol)


def namesake_status(order: BrokerOrder) -> Message:
    """Report that an order of another session, which had the same number, was filled."""
    status = order_status(order)
    other: Fields = {
        "permId": order.permanent_id + OF_ANOTHER_SESSION,
        "status": Status.FILLED.value,
        "filled": order.quantity,
        "remaining": 0,
    }
    return Message(status.name, {**status.values, **other}, order.symbol)


def execution(order: BrokerOrder, fill: Fill, account_id: str, time: str) -> Message:
    """Describe an execution, with its time as it is written."""
    fields = _contract(order.symbol, PRIMARY_EXCHANGE) | {
        "orderId": order.order_id,
        "execId": fill.exec_id,
        "time": time,
        "account": account_id,
        "side": "BOT" if order.side is Side.BUY else "SLD",
        "shares": fill.quantity,
        "price": fill.price,
        "permId": order.permanent_id,
        "clientId": order.client_id,
        "cumQty": fill.cumulative,
        "averagePrice": fill.average_price,
        "orderRef": order.order_ref,
    }
    return Message("execDetails", fields, order.symbol)


def commission_report(order: BrokerOrder, fill: Fill) -> Message:
    """Report the commission of an execution, and the realized profit of a sale."""
    fields: Fields = {"execId": fill.exec_id, "commission": fill.commission}
    if fill.realized is not None:
        fields["realizedPNL"] = fill.realized
    return Message("commissionReport", fields, order.symbol)


def position(account: CashAccount, symbol: str) -> Message:
    """Report the position in one symbol."""
    holding = account.holdings[symbol]
    fields = _contract(symbol, PRIMARY_EXCHANGE) | {
        "account": account.account_id,
        "position": holding.quantity,
        "averageCost": holding.average_cost,
    }
    return Message("position", fields, symbol)


def portfolio(account: CashAccount, symbol: str, price: Decimal) -> Message:
    """Report the position in one symbol and its value."""
    holding = account.holdings[symbol]
    fields = _contract(symbol) | {
        "primaryExchange": PRIMARY_EXCHANGE,
        "position": holding.quantity,
        "marketPrice": price,
        "marketValue": holding.quantity * price,
        "averageCost": holding.average_cost,
        "unrealizedPNL": holding.quantity * (price - holding.average_cost),
        "realizedPNL": holding.realized,
        "account": account.account_id,
    }
    del fields["exchange"]
    return Message("updatePortfolio", fields, symbol)


def account_values(account: CashAccount, market: Market, now: datetime) -> list[Fields]:
    """List the values of the account as key, value, currency and account; amounts to the cent."""
    shares = account.value({symbol: market.price(symbol, now) for symbol in account.positions()})
    settled = account.settled_cash(now.astimezone(EXCHANGE_ZONE).date())
    amounts = {
        "NetLiquidation": account.cash + shares,
        "EquityWithLoanValue": account.cash + shares,
        "TotalCashValue": account.cash,
        "SettledCash": settled,
        "AvailableFunds": settled,
        "BuyingPower": settled,
        "ExcessLiquidity": settled,
        "GrossPositionValue": shares,
        "StockMarketValue": shares,
        "CashBalance": account.cash,
        "TotalCashBalance": account.cash,
        "NetLiquidationByCurrency": account.cash + shares,
    }
    texts = {"AccountCode": account.account_id, "AccountType": "INDIVIDUAL", "AccountReady": "true"}
    values = [
        *((key, text, "") for key, text in texts.items()),
        *((key, f"{amount:.2f}", CURRENCY) for key, amount in amounts.items()),
    ]
    return [
        {"key": key, "value": value, "currency": currency, "account": account.account_id}
        for key, value, currency in values
    ]
