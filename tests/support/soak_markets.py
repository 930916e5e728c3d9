"""Markets of the soak that are not what they were: a source that lies, and a split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.simulator import history
from execution.simulator.market import DailyBar, Market

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from soak_machine import Machine

    from execution.simulator.server import Simulator

SYMBOL = "SPY"
PRICES = ("open", "high", "low", "close")


class LyingMarket(Market):
    """A market whose history is told otherwise than it was; quotes stay true."""

    def __init__(self, true: Market, lie: Callable[[list[DailyBar]], list[DailyBar]]) -> None:
        self._true, self._lie = true, lie

    def bars(self, symbol: str, instant: datetime, count: int) -> list[DailyBar]:
        """Return what is told."""
        told = self._true.bars(symbol, instant, count)
        return self._lie(told) if symbol == SYMBOL else told


def lie(change: Callable[[list[DailyBar]], list[DailyBar]] | None) -> Callable[[Machine], None]:
    """Return an act that lets the gateway tell another history; the true one for None."""

    def begin(simulator: Simulator) -> None:
        gateway, market = simulator.gateway, simulator.gateway._market
        told = LyingMarket(market, change) if change else market

        def answer(client: object, asked: dict[str, str]) -> None:
            symbol = gateway._known(client, asked)  # type: ignore[arg-type] # a client, as everywhere there
            if symbol is not None:
                client.send(history.answer(symbol, asked, told, simulator.clock.now()))  # type: ignore[attr-defined]

        gateway._answers["reqHistoricalData"] = answer

    return lambda machine: machine.gateway.ask(begin)


def tenfold(bars: list[DailyBar]) -> list[DailyBar]:
    """Return a newest bar at ten times its prices."""
    return [*bars[:-1], bars[-1]._replace(**{field: getattr(bars[-1], field) * 10 for field in PRICES})]


def impossible(bars: list[DailyBar]) -> list[DailyBar]:
    """Return a newest bar whose high is below its low."""
    return [*bars[:-1], bars[-1]._replace(high=bars[-1].low * 0.98)]


def stale(bars: list[DailyBar]) -> list[DailyBar]:
    """Return no bar of today."""
    return bars[:-1]


def without_dividends(bars: list[DailyBar]) -> list[DailyBar]:
    """Return adjusted prices that no dividend has lowered."""
    return [bar._replace(factor=1.0) for bar in bars]


def split(machine: Machine) -> None:
    """Split the shares of a symbol two for one: twice as many are held, and the past is told anew."""

    def happen(simulator: Simulator) -> None:
        market, holding = simulator.gateway._market, simulator.account.holdings.get(SYMBOL)
        market._read[SYMBOL] = [
            bar._replace(volume=bar.volume * 2, **{field: getattr(bar, field) / 2 for field in PRICES})
            for bar in market._bars(SYMBOL)
        ]
        if holding:
            holding.quantity *= 2
            holding.average_cost /= 2

    machine.gateway.ask(happen)
