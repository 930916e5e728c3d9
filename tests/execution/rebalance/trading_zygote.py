"""A process that forks one trading process for each connection to its socket, so that a start costs no imports.

Run by the interpreter whose client library is meant, with the path of the socket. A client sends a job as one line of
JSON; its process tells its id, then each step as it begins, then how it ended.
A connection that closes before that is a process that died.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # as pytest does, which does not start this

from rebalancing import PACE, live_targets, trading_context

from execution.brokers.base import Endpoint
from execution.brokers.retrying import RetryPolicy
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.library import library
from execution.brokers.tws.session import Timing
from execution.emergency_exit import sell_everything
from execution.ledger.ledger import Ledger, ledger_url
from execution.orders.context import RebalanceRequest
from execution.rebalance import rebalance
from warehouse.errors import SwingError
from warehouse.settings.portfolio import load_portfolio
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from execution.rebalance import RebalanceOutcome

TIMING = Timing(connect=3, request=3, quote=6, messages_per_second=0, retries=RetryPolicy(2, 0.05, 0.1))


JUMP = "clock-jump"
"""A file in the home with the seconds by which the clock of a process has jumped."""


def tell(stream: socket.socket, **said: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write a line."""
    stream.sendall(json.dumps(said).encode() + b"\n")


def trade(job: Mapping[str, Any], step: Callable[[str], None]) -> RebalanceOutcome | str:
    """Do as the job says, by a clock that starts at its `now`, and jumps when the file JUMP says so."""
    home, now = Path(job["home"]), datetime.fromisoformat(job["now"])
    offset = now - datetime.now(UTC)
    weights = {symbol: Decimal(weight) for symbol, weight in job["targets"].items()}
    targets = live_targets((now - timedelta(hours=12)).date(), weights)
    ledger = Ledger.open(ledger_url(home))
    broker = IbkrBroker(Endpoint("127.0.0.1", job["port"], job["client_id"]), TIMING)
    context = trading_context(home, broker, ledger, lambda: datetime.now(UTC) + offset + _jump(home))
    context = replace(context, step=step, pace=replace(PACE, **job["pace"]))
    request = RebalanceRequest(Mode.PAPER)
    try:
        if job["liquidate"]:
            return str(asyncio.run(sell_everything(request, context)).left)
        return asyncio.run(rebalance(request, targets, context))
    finally:
        ledger.close()


def _jump(home: Path) -> timedelta:
    jump = home / JUMP
    return timedelta(seconds=float(jump.read_text())) if jump.exists() else timedelta(0)


def serve(stream: socket.socket) -> None:
    """Do one job and tell of it."""
    job = json.loads(stream.makefile().readline())
    tell(stream, pid=os.getpid())
    steps: Counter[str] = Counter()

    def step(name: str) -> None:
        tell(stream, step=name)
        steps[name] += 1
        if [name, steps[name]] == job["killed_at_step"]:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        outcome = trade(job, step)
    except SwingError as error:
        codes = [refusal.code for refusal in getattr(error, "refusals", ())]
        tell(stream, error=type(error).__name__, message=str(error), refusals=codes)
    else:
        if isinstance(outcome, str):
            tell(stream, error="", message=outcome, refusals=[])
            return
        codes = [refusal.code for refusal in outcome.refusals]
        tell(stream, error="", message=outcome.message, refusals=codes)


def warm_up() -> None:
    """Import and compute what every trading process would, without leaving a thread or an open file."""

    async def import_library() -> None:
        library()

    asyncio.run(import_library())
    with tempfile.TemporaryDirectory() as folder:
        Ledger.open(ledger_url(Path(folder))).close()
        load_portfolio(Path(folder))
    live_targets(datetime(2024, 6, 11, tzinfo=UTC).date())


def main(path: str) -> None:
    """Fork at every connection, until the standard input ends."""
    warm_up()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        stream, _ = listener.accept()
        # Nobody waits for the dead: they keep their ids, so that a late signal cannot meet another process.
        if os.fork() == 0:
            listener.close()
            with contextlib.suppress(BrokenPipeError):
                serve(stream)
            os._exit(0)
        stream.close()


if __name__ == "__main__":
    main(sys.argv[1])
