"""The gateway's order desk: answers to orders, and unasked messages when an order changes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from execution.models import Side
from execution.simulator import reports
from execution.simulator.client import Message, error
from execution.simulator.market import exchange_text, is_open, next_open, read_instant
from execution.simulator.messages import UNSET_DOUBLE
from execution.simulator.orders import BrokerOrder, ChangeKind, OrderRefusedError, Status
from warehouse.calendar.sessions import EXCHANGE_ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.simulator.book import BrokerBook
    from execution.simulator.client import Client
    from execution.simulator.clock import Clock
    from execution.simulator.market import Market
    from execution.simulator.orders import Fill, OrderChange
    from execution.simulator.scenario import Scenario
    from execution.simulator.wire import Values

ORDER_TYPES = {"MKT", "LMT"}
TERMS = {"", "DAY"}
DUPLICATE = (103, "Duplicate order id")
BY_REQUEST = "Order Canceled - reason:"


class OrderDesk:
    """Orders between the clients and the book."""

    def __init__(self, book: BrokerBook, market: Market, clock: Clock, scenario: Scenario) -> None:
        self.clients: dict[int, Client] = {}
        self.next_ids: defaultdict[int, int] = defaultdict(lambda: 1)
        self.book = book
        self._market = market
        self._clock = clock
        self._scenario = scenario
        self._account_id = book.account.account_id

    def report(self, event: OrderChange) -> None:
        """Tell the connected clients of a change of an order."""
        order, client = event.order, self.clients.get(event.order.client_id)
        if client is not None:
            client.send(*self._news(event))
        if event.fill is not None:
            for other in self.clients.values():
                if other.wants_positions:
                    other.send(reports.position(self.book.account, order.symbol))
                if other.wants_account:
                    self.send_portfolio(other, [order.symbol])

    def _news(self, event: OrderChange) -> list[Message]:
        order, fill = event.order, event.fill
        status = reports.order_status(order)
        if event.kind is ChangeKind.WORKING:
            return self._state(order)
        over = [reports.completed_order(order, self._account_id)] if self._tells_completed(order) else []
        if fill is None:
            return [status, error(order.order_id, 202, order.reason), *over]
        execution, costs = self._execution(order, fill), self._commissions(order, fill)
        if event.kind is ChangeKind.CORRECTED:
            return [execution, *costs]
        state = [reports.open_order(order, self._account_id, with_commission=False), status]
        first, second = (state, [execution]) if self._scenario.is_status_first else ([execution], state)
        return [*first, *second, reports.open_order(order, self._account_id), *costs, *over]

    def send_portfolio(self, client: Client, symbols: Sequence[str]) -> None:
        """Send the account's values and its positions in `symbols`."""
        account, now = self.book.account, self._clock.now()
        for values in reports.account_values(account, self._market, now):
            client.send(Message("updateAccountValue", values))
        for symbol in symbols:
            client.send(reports.portfolio(account, symbol, self._market.price(symbol, now)))
        client.send(Message("updateAccountTime", {"time": f"{now.astimezone(EXCHANGE_ZONE):%H:%M}"}))

    def place(self, client: Client, asked: Values, rejection: OrderRefusedError | None) -> None:
        """Take a new order, or a change of an open one."""
        order_id = int(asked["orderId"])
        try:
            order = self._take(self._order(client, asked), rejection)
        except OrderRefusedError as refusal:
            client.send(error(order_id, refusal.code, refusal.text))
            rejected = self.book.find(client.client_id, order_id)
            if refusal.is_known and rejected is not None:
                client.send(*self._state(rejected))
            return
        if not asked["tif"]:
            client.send(error(order_id, 10349, "Order TIF was set to DAY based on order preset."))
        if self._scenario.reuses_numbers:
            client.send(reports.namesake_status(order))
        client.send(*self._state(order))
        if not is_open(now := self._clock.now()):
            opens = exchange_text(next_open(now))
            text = f"Order Message: Warning: Your order will not be placed at the exchange until {opens}."
            client.send(error(order_id, 399, text))

    def hold(self, client: Client, asked: Values, seconds: float) -> None:
        """Keep an order in a window of the gateway, in no list and without a word."""
        self._keep(client, asked, Status.HELD, seconds)

    def set_inactive(self, client: Client, asked: Values, seconds: float) -> None:
        """Take an order, and leave it inactive in the list of open ones."""
        if order := self._keep(client, asked, Status.INACTIVE, seconds):
            client.send(*self._state(order))

    def _keep(self, client: Client, asked: Values, status: Status, seconds: float) -> BrokerOrder | None:
        order = self._order(client, asked)
        if self.book.find(order.client_id, order.order_id) is not None:
            client.send(error(order.order_id, *DUPLICATE))
            return None
        self.next_ids[order.client_id] = max(self.next_ids[order.client_id], order.order_id + 1)
        self.book.sleep(order, status, seconds)
        return order

    def double(self, client: Client, asked: Values) -> None:
        """Let an order that was taken be there a second time."""
        standing = self.book.find(client.client_id, int(asked["orderId"]))
        if standing is not None and standing.status.is_open:
            client.send(*self._state(self.book.double(standing)))

    def _take(self, order: BrokerOrder, rejection: OrderRefusedError | None) -> BrokerOrder:
        standing = self.book.find(order.client_id, order.order_id)
        if standing is not None and standing.status.is_open:
            self.book.modify(standing, order.quantity, order.limit_price)
            return standing
        if order.order_id < self.next_ids[order.client_id]:
            raise OrderRefusedError(*DUPLICATE)
        self.next_ids[order.client_id] = order.order_id + 1
        self.book.place(order, rejection)
        return order

    def _order(self, client: Client, asked: Values) -> BrokerOrder:
        symbol = self._market.symbol(asked["symbol"], asked["conId"])
        cause = _invalid(asked, self._account_id)
        if symbol is None:
            raise OrderRefusedError(200, "No security definition has been found for the request")
        if cause:
            raise OrderRefusedError(321, f"Error validating request.-'bN' : cause - {cause}")
        if Decimal(asked["cashQty"] or 0) not in {Decimal(0), Decimal(UNSET_DOUBLE)}:
            raise OrderRefusedError(10244, "Cash quantity cannot be used for this order.")
        return BrokerOrder(
            client_id=client.client_id,
            order_id=int(asked["orderId"]),
            order_ref=asked["orderRef"],
            symbol=symbol,
            side=Side(asked["action"]),
            quantity=Decimal(asked["totalQuantity"]),
            limit_price=Decimal(asked["lmtPrice"]) if asked["orderType"] == "LMT" else None,
        )

    def cancel(self, client: Client, asked: Values) -> None:
        """Cancel one order of this client."""
        order_id = int(asked["orderId"])
        order = self.book.find(client.client_id, order_id)
        named = f"OrderId {order_id} that needs to be cancelled"
        if order is None:
            client.send(error(order_id, 10147, f"{named} is not found."))
        elif not (order.status.is_open or order.is_sleeping):
            client.send(error(order_id, 10148, f"{named} cannot be cancelled, state: {order.status}."))
        else:
            self.report(self.book.cancel(order, BY_REQUEST))

    def cancel_all(self, _client: Client, _asked: Values) -> None:
        """Cancel every open order."""
        for order in [order for order in self.book.orders if order.status.is_open or order.is_sleeping]:
            self.report(self.book.cancel(order, BY_REQUEST))

    def _tells_completed(self, order: BrokerOrder) -> bool:
        return self._scenario.tells_completed and not order.status.is_open

    def _commissions(self, order: BrokerOrder, fill: Fill) -> list[Message]:
        known = reports.commission_report(order, fill)
        unset = replace(known, values={"execId": fill.exec_id, "commission": UNSET_DOUBLE, "currency": ""})
        if self._scenario.is_commission_never_set:
            return [unset]
        return [unset, known] if self._scenario.is_commission_unset_first else [known]

    def tell_open_orders(self, client: Client) -> None:
        """Describe this client's open orders, before it has asked for anything."""
        for order in self.book.listed():
            if order.client_id == client.client_id:
                client.send(*self._state(order))

    def open_orders(self, client: Client, _asked: Values) -> None:
        """List this client's open orders."""
        self.tell_open_orders(client)
        client.send(Message("openOrderEnd", {}))

    def all_open_orders(self, client: Client, _asked: Values) -> None:
        """List every client's open orders."""
        for order in self.book.listed():
            client.send(*self._state(order))
        client.send(Message("openOrderEnd", {}))

    def completed_orders(self, client: Client, _asked: Values) -> None:
        """List the orders that ended today."""
        for order in self.book.orders:
            if order.done_at is not None and self._is_today(order.done_at):
                client.send(reports.completed_order(order, self._account_id))
        client.send(Message("completedOrdersEnd", {}))

    def executions(self, client: Client, asked: Values) -> None:
        """List today's executions that fit the filter, corrected ones too."""
        number = int(asked["reqId"])
        since = read_instant(asked["time"]) if asked["time"] else datetime.min.replace(tzinfo=UTC)
        for order in self.book.orders:
            for fill in [*order.corrected, *order.fills]:
                if _is_asked_for(order, asked) and fill.at >= since and self._is_today(fill.at):
                    client.send(self._execution(order, fill, number), *self._commissions(order, fill))
        client.send(Message("execDetailsEnd", {"reqId": number}))

    def _state(self, order: BrokerOrder) -> list[Message]:
        return [reports.open_order(order, self._account_id), reports.order_status(order)]

    def _execution(self, order: BrokerOrder, fill: Fill, number: int = -1) -> Message:
        time = exchange_text(fill.at, self._scenario.execution_time, self._scenario.zone)
        message = reports.execution(order, fill, self._account_id, time)
        return replace(message, values={**message.values, "reqId": number})

    def _is_today(self, instant: datetime) -> bool:
        return instant.astimezone(EXCHANGE_ZONE).date() == self._clock.now().astimezone(EXCHANGE_ZONE).date()


def _invalid(asked: Values, account_id: str) -> str:
    """Return what is not valid or not simulated about an order; empty if nothing is."""
    wrong = {
        f"Invalid order type {asked['orderType']}": asked["orderType"] not in ORDER_TYPES,
        f"Invalid action {asked['action']}": asked["action"] not in set(Side),
        f"Time in force {asked['tif']} is not simulated": asked["tif"] not in TERMS,
        f"Invalid account code {asked['account']}": asked["account"] not in {"", account_id},
        "Orders that are not transmitted are not simulated": asked["transmit"] == "0",
        "Previews are not simulated": asked["whatIf"] == "1",
    }
    return next((cause for cause, is_so in wrong.items() if is_so), "")


def _is_asked_for(order: BrokerOrder, asked: Values) -> bool:
    side = "BUY" if asked["side"] in {"BUY", "BOT"} else "SELL"
    return (
        int(asked["clientId"] or 0) in {0, order.client_id}
        and asked["symbol"] in {"", order.symbol}
        and (not asked["side"] or side == order.side)
    )
