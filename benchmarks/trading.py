"""Time a rebalance, histories over the wire and plans; print a Markdown table.

    trading.py                     everything, against simulated gateways in processes of their own
    trading.py --history "10 Y"    with longer histories

The gateways answer histories after 200 ms; what pacing alone would take stands beside what it took.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/execution/planning"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rebalancing import TARGETS, live_targets, trading_context
from simulators import calm_bars
from situations import Case, rules

from execution.brokers.base import Endpoint
from execution.brokers.tws.bars import IbkrBars
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.session import Timing
from execution.ledger.ledger import Ledger, ledger_url
from execution.orders.context import DEFAULT_PACE, RebalanceRequest
from execution.planning.plan import plan
from execution.rebalance import rebalance
from execution.simulator.process import simulated_gateway
from warehouse.calendar.sessions import EXCHANGE_ZONE, previous_session, sessions
from warehouse.settings.trading import Mode
from warehouse.sources.failover import Failover, WantedBars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = datetime(2024, 6, 11, 15, 55, tzinfo=EXCHANGE_ZONE)
SLOW = "on reqHistoricalData: delay 0.2\nenforce pacing\n"
MANY = 500
PLANNED = (9, 500, 5000)
REPEATS = 5
FIRST_DAY = date(2014, 6, 11)
REQUESTS_A_SYMBOL = 3
"""Its contract, and its bars as traded and adjusted."""


@contextlib.contextmanager
def market(bars: pa.Table, scenario: str = "", *more: str) -> Iterator[int]:
    """A gateway that knows these bars and meets these faults; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        path, faults = Path(folder) / "bars.parquet", Path(folder) / "scenario.txt"
        pq.write_table(bars, path)
        faults.write_text(scenario, encoding="utf-8")
        files = ["--bars", str(path), "--scenario", str(faults)]
        with simulated_gateway(*files, "--clock", NOW.isoformat(), *more) as port:
            yield port


def decision_to_last_fill() -> float:
    """Seconds from the decision to the last fill: one sell, two buys, nine prices, the usual pace."""
    begun: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as home,
        market(calm_bars(), "", "--cash", "7000", "--position", "TLT=30") as port,
    ):
        ledger = Ledger.open(ledger_url(Path(home)))
        broker = IbkrBroker(Endpoint("127.0.0.1", port, 17))
        offset = NOW - datetime.now(UTC)  # the gateway has only just started
        context = replace(
            trading_context(Path(home), broker, ledger, lambda: datetime.now(UTC) + offset),
            step=lambda name: begun.update({name: time.perf_counter()}),
            pace=DEFAULT_PACE,
        )
        targets = live_targets(NOW.date(), TARGETS)
        outcome = asyncio.run(rebalance(RebalanceRequest(Mode.PAPER), targets, context))
        ledger.close()
    if not outcome.orders or any(order.remaining for order in outcome.orders):
        raise SystemExit(outcome.message)
    return begun["settle"] - begun["decide"]


def histories(span: str) -> tuple[float, float]:
    """Seconds for the histories of many symbols, and what the broker's pace alone would take."""
    symbols = [f"S{number:03}" for number in range(MANY)]
    with market(walks(symbols), SLOW) as port:
        source = IbkrBars(Endpoint("127.0.0.1", port, 18), span)
        begun = time.perf_counter()
        outcomes = Failover([source]).fetch(WantedBars(tuple(symbols), NOW.date(), due=previous_session(NOW.date())))
        took = time.perf_counter() - begun
    if failures := [outcome.shortfall for outcome in outcomes if not outcome.is_fresh]:
        raise SystemExit(f"{len(failures)} symbols failed: {failures[:3]}")
    return took, MANY * REQUESTS_A_SYMBOL / Timing().messages_per_second


def walks(symbols: Sequence[str]) -> pa.Table:
    """Daily bars that walk at random."""
    days = sessions(FIRST_DAY, NOW.date())
    chance = np.random.default_rng(7)
    tables = []
    for symbol in symbols:
        close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.01, len(days)))), 2)
        prices = dict.fromkeys(("open", "high", "low", "close", "adj_close"), close)
        volume = np.full(len(days), 1_000_000)
        tables.append(pa.table({"symbol": [symbol] * len(days), "session_date": days, **prices, "volume": volume}))
    return pa.concat_tables(tables)


def planning(symbols: int) -> float:
    """Seconds for one plan: half of so many symbols are held, all are wanted, cash for the rest is there."""
    chance = np.random.default_rng(symbols)
    prices = {f"S{number:04}": f"{price:.2f}" for number, price in enumerate(chance.uniform(20, 500, symbols))}
    each = 10_000 * symbols
    case = Case(
        weights=dict.fromkeys(prices, f"{0.98 / symbols:.8f}"),
        positions={symbol: str(int(5000 / float(price))) for symbol, price in list(prices.items())[::2]},
        cash=str(each),
        prices=prices,
        rules=rules(no_trade_band="0", order_value="1000000000", day_value="1000000000"),
    )
    situation = case.situation
    situation = replace(situation, account=replace(situation.account, net_liquidation=situation.equity))
    begun = time.perf_counter()
    made = plan(situation)
    took = time.perf_counter() - begun
    if not made.orders:
        raise SystemExit(f"nothing was planned: {[refusal.message for refusal in made.refusals][:3]}")
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", default="1 Y", help="of each of the many symbols, such as '10 Y'")
    options = parser.parse_args()
    fills = [decision_to_last_fill() for _ in range(REPEATS)]
    rows = [("decision to last fill: 9 symbols, 3 orders", f"{median(fills):.2f} s", "≤ 2 s")]
    took, floor = histories(options.history)
    rows.append(
        (f"{options.history} of {MANY} symbols, 200 ms latency", f"{took:.1f} s", f"pacing alone: {floor:.1f} s")
    )
    for symbols in PLANNED:
        seconds = median(planning(symbols) for _ in range(REPEATS))
        rows.append((f"plan of {symbols:,} symbols", f"{1000 * seconds:.1f} ms", ""))
    print("\n".join(["| what | measured | limit |", "|---|---:|---:|", *(f"| {' | '.join(row)} |" for row in rows)]))


if __name__ == "__main__":
    main()
