"""Rebalances against a broker at whom something goes wrong, started again until they are done or refuse for good."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from contradictions import contradictions, exactly_once, session_of
from simulators import AFTERNOON, running
from trading_processes import Job

from execution.ledger.events import Event, Reconciliation, Scope
from execution.ledger.ledger import Ledger, ledger_url
from execution.models import Account
from warehouse.settings.portfolio import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from simulators import RunningSimulator
    from trading_processes import Ended, Zygote

    from execution.ledger.state import SessionState

HELD = {"TLT": Decimal(30)}
CASH = Decimal(7000)
TARGETS = {"SPY": "0.5", "GLD": "0.45"}
SELL, BUY_SPY, BUY_GLD = (f"live/20240611/{order}/1" for order in ("TLT/SELL", "SPY/BUY", "GLD/BUY"))
STARTS_AT_MOST = 3


@contextmanager
def holding(home: Path, scenario: str = "", **settings: Any) -> Iterator[RunningSimulator]:  # noqa: ANN401 - of SimulatorConfig
    """Run a simulator whose account holds HELD and CASH, which a person has given to the strategy of this home."""
    with running(scenario, **{"positions": HELD, "cash": CASH} | settings) as simulator:
        adopt(home, simulator)
        yield simulator


def adopt(home: Path, simulator: RunningSimulator) -> None:
    """Take the broker's positions for the strategy's, as `swing resume --accept-positions` does."""
    now, cash = simulator.clock.now(), simulator.cash
    account = Account(simulator.account_id, cash, cash, cash, simulator.positions, is_paper=True)
    ledger = Ledger.open(ledger_url(home))
    ledger.append(Event(Scope(simulator.account_id), Reconciliation(account, now, is_baseline=True)))
    ledger.close()


@dataclass(frozen=True, slots=True)
class Case:
    """A fault and its expected result.

    Attributes:
        scenario: As text.
        errors: Error that stops each start; empty for the one that comes to the end.
        received: Times that each order reached the broker; None if the planned ones did, once each, and filled.
        killed_at: The step at which the first start is killed besides; None if it is not.
    """

    scenario: str
    errors: tuple[str, ...] = ("",)
    received: Mapping[str, int] | None = None
    start: datetime = AFTERNOON
    settings: Mapping[str, Any] = field(default_factory=dict)
    killed_at: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Course of a case.

    Attributes:
        starts: End of each; the last one came after the rebalance was over, if it ever was.
        received: Times that each order reached the broker.
        problems: Deviations from the plan.
        doubts: Orders doubled, and contradictions between ledger and broker.
    """

    starts: tuple[Ended, ...]
    received: Mapping[str, int]
    positions: Mapping[str, Decimal]
    problems: tuple[str, ...]
    doubts: tuple[str, ...]
    session: SessionState


def story(process: Zygote, case: Case) -> Story:
    """Let a case happen."""
    with tempfile.TemporaryDirectory() as folder:
        home = home_with(Path(folder), case.settings)
        with holding(home, case.scenario, start=case.start) as simulator:
            starts: list[Ended] = []
            while len(starts) < STARTS_AT_MOST and not any(ended.is_done for ended in starts):
                kill = None if starts else case.killed_at
                starts.append(
                    process.run(Job(home, simulator.port, simulator.clock.now(), TARGETS, killed_at_step=kill))
                )
            received = Counter(entry.order_ref for entry in simulator.record)
            starts.append(process.run(Job(home, simulator.port, simulator.clock.now(), TARGETS)))
            assert received == Counter(entry.order_ref for entry in simulator.record)
            return Story(
                tuple(starts),
                received,
                simulator.positions,
                contradictions(home, simulator, CASH, HELD),
                tuple(exactly_once(home, simulator)),
                session_of(home, simulator),
            )


def home_with(home: Path, settings: Mapping[str, Any]) -> Path:
    """Configure a home."""
    (home / FILE_NAME).write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
    return home
