"""A rebalance as the tests run it: a proposal in plain values, a configuration, and a pace that suits a test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from execution.brokers.base import Endpoint
from execution.brokers.tws.broker import IbkrBroker
from execution.ledger.ledger import Ledger, ledger_url
from execution.orders.context import Assignment, Tools
from execution.orders.dispatch import Pace
from execution.proposal import Bar, Proposal
from execution.rebalance import Outcome, rebalance
from warehouse.calendar.sessions import previous_session
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PACE = Pace(look_every=0.3, ambiguous_for=0.8, cancel_within=4.0)
CLOSES = {"SPY": 500, "QQQ": 400, "VTI": 250, "TLT": 90, "IEF": 95, "GLD": 200, "XLE": 90, "BND": 72, "BITO": 20}
TARGETS = {"SPY": Decimal("0.5"), "GLD": Decimal("0.45")}


def proposal(session: date, targets: Mapping[str, Decimal] | None = None) -> Proposal:
    """Target weights that have seen the session's provisional bar."""
    before = previous_session(session)
    landed = datetime.now(UTC)
    final = {
        symbol: Bar(symbol, before, Decimal(close), True, "ibkr", landed, Decimal("0.01"))  # noqa: FBT003 - a row
        for symbol, close in CLOSES.items()
    }
    return Proposal(
        session_date=session,
        strategy_id="live",
        snapshot=7,
        targets=TARGETS if targets is None else targets,
        bars={symbol: replace(bar, session_date=session, is_final=False) for symbol, bar in final.items()},
        final_bars=final,
        universe=tuple(sorted(CLOSES)),
        selection=tuple(targets or TARGETS),
        correlations={},
    )


@dataclass(frozen=True, slots=True)
class Trader:
    """One that rebalances against a simulated gateway.

    Attributes:
        home: The folder of its ledger and configuration.
        now: What its clock shows when it starts, aware.
        settings: What stands in its portfolio.yaml, beside the defaults.
    """

    home: Path
    port: int
    now: datetime
    targets: Mapping[str, Decimal] = field(default_factory=lambda: TARGETS)
    settings: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.PAPER
    client_id: int = 17

    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger.open(ledger_url(self.home))

    def trade(self, step: Callable[[str], None] = lambda _name: None, **changes: Any) -> Outcome:  # noqa: ANN401
        """Rebalance, as `swing trade` does."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / FILE_NAME).write_text(yaml.safe_dump(dict(self.settings)), encoding="utf-8")
        assignment = replace(Assignment(self.mode, load_portfolio(self.home), "test"), **changes)
        ledger = self.ledger()
        offset = self.now - datetime.now(UTC)
        tools = Tools(
            broker=IbkrBroker(Endpoint("127.0.0.1", self.port, self.client_id)),
            ledger=ledger,
            clock=lambda: datetime.now(UTC) + offset,
            propose=lambda: proposal((self.now + timedelta(0)).date(), self.targets),
            step=step,
            pace=PACE,
        )
        try:
            return asyncio.run(rebalance(assignment, tools))
        finally:
            ledger.close()
