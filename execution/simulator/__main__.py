"""Simulate a gateway on the loopback interface, to try things against."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from execution.simulator.grammar import scenario_text
from execution.simulator.market import read_bars
from execution.simulator.server import SimulatorConfig, serve
from warehouse.calendar.sessions import EXCHANGE_ZONE
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a date and time, such as 2019-12-20T15:55") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=EXCHANGE_ZONE)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None


def _position(text: str) -> tuple[str, Decimal]:
    symbol, _, shares = text.partition("=")
    return symbol, _amount(shares)


def _config(arguments: Sequence[str]) -> SimulatorConfig:
    parser = argparse.ArgumentParser(prog="swing simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 for any free one")
    parser.add_argument("--bars", default="sample", help="a Parquet file of daily bars, or sample")
    parser.add_argument(
        "--clock", type=_instant, default="2019-12-20T15:55", help="exchange time unless a zone is given"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="speed of the clock; 0 stops it")
    parser.add_argument("--cash", type=_amount, default="10000", help="USD")
    parser.add_argument("--position", type=_position, action="append", default=[], help="SYMBOL=SHARES, repeatable")
    parser.add_argument("--account", default="DU1234567")
    parser.add_argument("--scenario", default="", help="a file of faults, or the name of one in scenarios/")
    parser.add_argument("--journal", type=Path, help="append the broker's events to this file, as JSON lines")
    chosen = parser.parse_args(arguments)
    return SimulatorConfig(
        bars=read_bars(chosen.bars),
        start=chosen.clock,
        port=chosen.port,
        cash=chosen.cash,
        positions=dict(chosen.position),
        account_id=chosen.account,
        scenario=scenario_text(chosen.scenario) if chosen.scenario else "",
        scenario_name=chosen.scenario,
        journal=chosen.journal,
        speed=chosen.speed,
    )


def main(arguments: Sequence[str]) -> int:
    """Simulate until interrupted; return the exit code."""
    try:
        config = _config(arguments)
        asyncio.run(serve(config, lambda port: print(f"listening on 127.0.0.1:{port}", flush=True)))  # noqa: T201 - the command's output
    except (SwingError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's output
        return error.exit_code if isinstance(error, SwingError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
