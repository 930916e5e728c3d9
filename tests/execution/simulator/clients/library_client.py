"""A user of ib_insync or ib_async, from connecting to cancelling: `library_client.py LIBRARY PORT`.

Prints what it saw as JSON; an ERROR record of the library's loggers counts as a failure.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

COMPLAINTS: list[str] = []


class Complaints(logging.Handler):
    """Keeps what a logger calls an error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, unless it is what the gateway says to a cancel."""
        if record.levelno >= logging.ERROR and not record.getMessage().startswith("Error 202"):
            COMPLAINTS.append(f"{record.name}: {record.getMessage()}")


async def _until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the libraries close their events before one can wait for them
            await asyncio.sleep(0.01)


async def trade(library: Any, port: int) -> dict[str, object]:  # noqa: ANN401 - the library is imported by name
    """Walk through everything once."""
    ib = library.IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync("127.0.0.1", port, clientId=5, timeout=20)
    version = ib.client.serverVersion()
    contract = library.Stock("SPY", "SMART", "USD")
    await ib.qualifyContractsAsync(contract)
    history = (contract, "", "10 D", "1 day")
    bars = await ib.reqHistoricalDataAsync(*history, "TRADES", useRTH=True)
    adjusted = await ib.reqHistoricalDataAsync(*history, "ADJUSTED_LAST", useRTH=True)
    ib.reqMarketDataType(3)
    (ticker,) = await ib.reqTickersAsync(contract)
    bought = ib.placeOrder(contract, library.MarketOrder("BUY", 3, tif="DAY", orderRef="bought"))
    await _until(lambda: bought.fills and bought.fills[0].commissionReport.commission and ib.portfolio())
    value = {item.tag: item.value for item in ib.accountValues() if item.currency == "USD"}
    position = {item.contract.symbol: item.position for item in ib.positions()}
    resting = ib.placeOrder(contract, library.LimitOrder("BUY", 1, 100, tif="DAY", orderRef="resting"))
    await asyncio.wait_for(ib.reqAllOpenOrdersAsync(), 20)
    ib.disconnect()
    await ib.connectAsync("127.0.0.1", port, clientId=5, timeout=20)
    again = {item.order.orderRef: item for item in ib.openTrades()}
    executions = await ib.reqExecutionsAsync()
    ib.cancelOrder(again["resting"].order)
    await _until(lambda: again["resting"].orderStatus.status == "Cancelled")
    completed = await ib.reqCompletedOrdersAsync(apiOnly=False)
    ib.disconnect()
    return {
        "version": version,
        "contract": [contract.symbol, contract.primaryExchange, contract.conId > 0],
        "bars": [len(bars), str(bars[-1].date), bars[-1].close],
        "adjusted": [len(adjusted), adjusted[0].close < bars[0].close],
        "snapshot": [ticker.last, ticker.marketDataType],
        "fill": [bought.fills[0].execution.price, bought.fills[0].commissionReport.commission],
        "status": bought.orderStatus.status,
        "cash": value["TotalCashValue"],
        "position": position,
        "reconnected": [sorted(again), [fill.execution.orderRef for fill in executions]],
        "completed": sorted([item.order.orderRef, item.orderStatus.status] for item in completed),
        "resting": resting.order.orderRef,
        "complaints": COMPLAINTS,
    }


if __name__ == "__main__":
    logging.getLogger().addHandler(Complaints())
    print(json.dumps(asyncio.run(trade(importlib.import_module(sys.argv[1]), int(sys.argv[2])))))  # noqa: T201 - the answer
