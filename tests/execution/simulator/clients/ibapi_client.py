"""A user of IBKR's own client, from connecting to cancelling: `ibapi_client.py PORT`.

Prints what it saw as JSON; an ERROR record of the client's loggers counts as a failure.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

COMPLAINTS: list[str] = []
PATIENCE = 20
CLIENT_ID, NEXT_CLIENT_ID = 7, 8  # its reader keeps the first id for up to a second after disconnecting

Call = tuple[str, tuple[Any, ...]]


class Complaints(logging.Handler):
    """Keeps what a logger calls an error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        if record.levelno >= logging.ERROR:
            COMPLAINTS.append(f"{record.name}: {record.getMessage()}")


class Connection:
    """One connection of the client; its callbacks come out of `next` in order."""

    def __init__(self, port: int, client_id: int) -> None:
        wrapper = importlib.import_module("ibapi.wrapper").EWrapper
        heard: queue.Queue[Call] = queue.Queue()
        callbacks = {name: _hear(heard, name) for name, _ in inspect.getmembers(wrapper, inspect.isfunction)}
        listener = type(
            "Listener", (wrapper,), {k: v for k, v in callbacks.items() if k[0] != "_" and k != "logAnswer"}
        )
        self.client = importlib.import_module("ibapi.client").EClient(listener())
        self._heard = heard
        self.client.connect("127.0.0.1", port, client_id)
        threading.Thread(target=self.client.run, daemon=True).start()

    def until(self, name: str) -> list[Call]:
        """Return the callbacks up to the next one called `name`."""
        seen = [self._heard.get(timeout=PATIENCE)]
        while seen[-1][0] != name:
            seen.append(self._heard.get(timeout=PATIENCE))
        return seen


def _hear(heard: queue.Queue[Call], name: str) -> Callable[..., None]:
    def callback(_self: object, *values: object) -> None:
        heard.put((name, values))

    return callback


def _spy() -> Any:  # noqa: ANN401 - the library is imported by name
    contract = importlib.import_module("ibapi.contract").Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "SPY", "STK", "SMART", "USD"
    return contract


def _order(reference: str, quantity: int, limit: float | None = None) -> Any:  # noqa: ANN401 - the library is imported by name
    order = importlib.import_module("ibapi.order").Order()
    order.action, order.totalQuantity, order.tif, order.orderRef = "BUY", quantity, "DAY", reference
    order.orderType = "MKT" if limit is None else "LMT"
    order.lmtPrice = order.lmtPrice if limit is None else limit
    order.eTradeOnly = order.firmQuoteOnly = False
    return order


def trade(port: int) -> dict[str, object]:
    """Walk through everything once."""
    connection = Connection(port, CLIENT_ID)
    client = connection.client
    version = client.serverVersion()
    next_id = connection.until("nextValidId")[-1][1][0]
    client.reqContractDetails(1, _spy())
    details = connection.until("contractDetailsEnd")[-2][1][1].contract
    client.reqHistoricalData(2, _spy(), "", "10 D", "1 day", "TRADES", 1, 1, False, [])  # noqa: FBT003 - its signature
    bars = [values[1] for name, values in connection.until("historicalDataEnd") if name == "historicalData"]
    client.reqMarketDataType(3)
    client.reqMktData(3, _spy(), "", True, False, [])  # noqa: FBT003 - its signature
    ticks = connection.until("tickSnapshotEnd")
    client.reqAccountUpdates(True, "")  # noqa: FBT003 - its signature
    connection.until("accountDownloadEnd")
    client.reqPositions()
    connection.until("positionEnd")
    client.placeOrder(next_id, _spy(), _order("bought", 3))
    filled = connection.until("commissionReport")
    position = connection.until("position")[-1][1]
    values = {
        values[0]: values[1] for name, values in connection.until("updateAccountTime") if name == "updateAccountValue"
    }
    client.placeOrder(next_id + 1, _spy(), _order("resting", 1, 100.0))
    connection.until("orderStatus")
    client.disconnect()
    again = Connection(port, NEXT_CLIENT_ID)
    again.until("nextValidId")
    again.client.reqAllOpenOrders()
    opened = [values[2].orderRef for name, values in again.until("openOrderEnd") if name == "openOrder"]
    again.client.reqExecutions(9, importlib.import_module("ibapi.execution").ExecutionFilter())
    executions = [values[2].orderRef for name, values in again.until("execDetailsEnd") if name == "execDetails"]
    again.client.reqGlobalCancel()
    again.client.reqCompletedOrders(False)  # noqa: FBT003 - its signature
    completed = [values[1:] for name, values in again.until("completedOrdersEnd") if name == "completedOrder"]
    again.client.disconnect()
    last = [values[2] for name, values in ticks if name == "tickPrice" and values[1] == 68]
    return {
        "version": version,
        "contract": [details.symbol, details.primaryExchange, details.conId > 0],
        "bars": [len(bars), bars[-1].date, bars[-1].close],
        "snapshot": [last[0], next(values[1] for name, values in ticks if name == "marketDataType")],
        "fill": [
            next(values[2].price for name, values in filled if name == "execDetails"),
            filled[-1][1][0].commission,
        ],
        "status": [values[1] for name, values in filled if name == "orderStatus"][-1],
        "cash": values["TotalCashValue"],
        "position": {position[1].symbol: position[2]},
        "reconnected": [opened, executions],
        "completed": sorted([order.orderRef, state.status] for order, state in completed),
        "complaints": COMPLAINTS,
    }


if __name__ == "__main__":
    logging.getLogger().addHandler(Complaints())
    print(json.dumps(trade(int(sys.argv[1]))))  # noqa: T201 - the answer
