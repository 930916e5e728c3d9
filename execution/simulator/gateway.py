"""The gateway's answer to each request."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.simulator import history, quotes, reports
from execution.simulator.client import Message, error
from execution.simulator.desk import OrderDesk

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.simulator.book import BrokerBook
    from execution.simulator.client import Client
    from execution.simulator.clock import Clock
    from execution.simulator.market import Market
    from execution.simulator.orders import OrderRefusedError
    from execution.simulator.scenario import Scenario
    from execution.simulator.wire import Values

FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)

CONVERTED = {"NetLiquidation", "TotalCashValue", "SettledCash"}
"""Totals of all currencies."""
ABROAD = {"timeZoneId": "GB"}
NOT_SUBSCRIBED = "Requested market data is not subscribed."


class Gateway:
    """Answers clients out of one book, market and clock."""

    def __init__(self, book: BrokerBook, market: Market, clock: Clock, scenario: Scenario) -> None:
        self.desk = OrderDesk(book, market, clock, scenario)
        self._account = book.account
        self._market = market
        self._clock = clock
        self._scenario = scenario
        self._has_live_data = scenario.has_live_data
        self._answers: dict[str, Callable[[Client, Values], None]] = {
            "startApi": self._start,
            "reqCurrentTime": self._current_time,
            "reqManagedAccts": self._managed_accounts,
            "reqIds": self._next_id,
            "reqPositions": self._positions,
            "cancelPositions": self._cancel_positions,
            "reqAccountUpdates": self._account_updates,
            "reqAccountUpdatesMulti": self._account_updates_multi,
            "reqAccountSummary": self._account_summary,
            "reqContractDetails": self._contract_details,
            "reqHistoricalData": self._history,
            "reqMarketDataType": self._market_data_type,
            "reqMktData": self._market_data,
            "cancelOrder": self.desk.cancel,
            "reqGlobalCancel": self.desk.cancel_all,
            "reqOpenOrders": self.desk.open_orders,
            "reqAllOpenOrders": self.desk.all_open_orders,
            "reqCompletedOrders": self.desk.completed_orders,
            "reqExecutions": self.desk.executions,
        }

    def answer(self, client: Client, name: str, asked: Values, rejection: OrderRefusedError | None = None) -> None:
        """Carry out a request; `rejection` is the broker's answer to an order."""
        if name == "placeOrder":
            self.desk.place(client, asked, rejection)
        elif name in self._answers:
            self._answers[name](client, asked)

    def leave(self, client: Client) -> None:
        """Forget a connection that ended."""
        if self.desk.clients.get(client.client_id) is client:
            del self.desk.clients[client.client_id]

    def symbol(self, asked: Values, client_id: int) -> str:
        """Return the symbol a request is about, or an empty text."""
        if "symbol" in asked:
            return self._market.symbol(asked["symbol"], asked.get("conId", "")) or asked["symbol"]
        order = self.desk.book.find(client_id, int(asked.get("orderId") or -1))
        return order.symbol if order else ""

    def _start(self, client: Client, asked: Values) -> None:
        client_id = int(asked["clientId"])
        if client_id in self.desk.clients:
            client.send(error(-1, 326, "Unable to connect as the client id is already in use."))
            client.close()
            return
        client.client_id = client_id
        self.desk.clients[client_id] = client
        self._managed_accounts(client, asked)
        if self._scenario.is_early:
            self.desk.tell_open_orders(client)
        self._next_id(client, asked)
        client.send(*(error(-1, code, text) for code, text in FARMS))

    def _current_time(self, client: Client, _asked: Values) -> None:
        client.send(Message("currentTime", {"time": int(self._clock.now().timestamp())}))

    def _managed_accounts(self, client: Client, _asked: Values) -> None:
        client.send(Message("managedAccounts", {"accounts": self._account.account_id}))

    def _next_id(self, client: Client, _asked: Values) -> None:
        client.send(Message("nextValidId", {"orderId": self.desk.next_ids[client.client_id]}))

    def _positions(self, client: Client, _asked: Values) -> None:
        client.wants_positions = True
        client.send(*(reports.position(self._account, symbol) for symbol in self._account.positions()))
        for listing in self._scenario.listings:
            if listing.held:
                client.send(reports.foreign_position(listing, self._account.account_id))
        client.send(Message("positionEnd", {}))

    def _cancel_positions(self, client: Client, _asked: Values) -> None:
        client.wants_positions = False

    def _account_updates(self, client: Client, asked: Values) -> None:
        client.wants_account = asked["subscribe"] == "1"
        if client.wants_account:
            self.desk.send_portfolio(client, list(self._account.positions()))
            client.send(Message("accountDownloadEnd", {"account": self._account.account_id}))

    def _account_updates_multi(self, client: Client, asked: Values) -> None:
        number = {"reqId": asked["reqId"]}
        for values in reports.account_values(self._account, self._market, self._clock.now()):
            client.send(Message("accountUpdateMulti", values | number))
        client.send(Message("accountUpdateMultiEnd", number))

    def _account_summary(self, client: Client, asked: Values) -> None:
        number = {"reqId": asked["reqId"]}
        tags = {"CashBalance" if tag.startswith("$LEDGER") else tag for tag in asked["tags"].split(",")}
        foreign = sum((amount for _, amount in self._scenario.foreign_cash), Decimal(0))
        for values in reports.account_values(self._account, self._market, self._clock.now()):
            tag = str(values.pop("key"))
            if tag in CONVERTED:
                values["value"] = f"{Decimal(str(values['value'])) + foreign:.2f}"
            if tag in tags:
                written = self._scenario.cash_prefix + tag if tag == "CashBalance" else tag
                client.send(Message("accountSummary", {**values, **number, "tag": written}))
        client.send(Message("accountSummaryEnd", number))

    def _contract_details(self, client: Client, asked: Values) -> None:
        symbol = self._known(client, asked)
        if symbol is not None:
            ours = reports.contract_details(asked["reqId"], symbol, self._clock.now())
            abroad = [
                replace(
                    ours, values={**ours.values, **reports.listed_abroad(it), "primaryExchange": it.exchange} | ABROAD
                )
                for it in self._scenario.listings
                if it.symbol == symbol and not int(asked["conId"] or 0)
            ]
            client.send(*abroad, ours, Message("contractDetailsEnd", {"reqId": asked["reqId"]}, symbol))

    def _history(self, client: Client, asked: Values) -> None:
        symbol = self._known(client, asked)
        if symbol is not None:
            client.send(history.answer(symbol, asked, self._market, self._clock.now()))

    def _market_data_type(self, client: Client, asked: Values) -> None:
        client.market_data_type = int(asked["type"])

    def _market_data(self, client: Client, asked: Values) -> None:
        symbol, number = self._known(client, asked), int(asked["reqId"])
        if symbol is None:
            return
        if not self._has_live_data and client.market_data_type in quotes.NEED_LIVE:
            client.send(error(number, 354, f"{NOT_SUBSCRIBED} Delayed market data is available. {symbol}"))
            return
        now = self._clock.now()
        if not self._has_live_data:
            client.send(error(number, 10167, f"{NOT_SUBSCRIBED} Displaying delayed market data."))
            now -= quotes.DELAY
        client.send(*quotes.ticks(number, symbol, self._market.quote(symbol, now), is_live=self._has_live_data))
        if asked["snapshot"] == "1":
            client.send(Message("tickSnapshotEnd", {"reqId": number}, symbol))

    def _known(self, client: Client, asked: Values) -> str | None:
        symbol = self._market.symbol(asked["symbol"], asked["conId"])
        if symbol is None:
            client.send(error(int(asked["reqId"]), 200, "No security definition has been found for the request"))
        return symbol
