"""The restore drill: a home that has traded is destroyed and restored, and the next session is right."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from command_line import Swing
from simulators import NEW_YORK, running

from dagster_defs.published_ledger import publish_ledger
from execution import service
from execution.installation import Installation
from execution.orders.context import RebalanceRequest
from execution.service import open_ledger
from execution.simulator.market import read_bars
from operations.backup import back_up, restore
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from simulators import RunningSimulator

    from execution.rebalance import RebalanceOutcome

pytestmark = pytest.mark.slow

FIRST = datetime(2019, 12, 30, 15, 55, tzinfo=NEW_YORK)
SECOND = datetime(2019, 12, 31, 15, 55, tzinfo=NEW_YORK)
SETTINGS = """
broker: {{port: {port}, account: {account}, is_source_of_bars: true}}
trading: {{scheduled_mode: paper}}
grid: {{ema_fast: [20], ema_slow: [50], top_n: [2], corr_cap: [0.7]}}
"""


def _rebalanced(home: Installation, gateway: RunningSimulator, at: datetime) -> RebalanceOutcome:
    """Land the session's bars, build, and trade on paper."""
    gateway.clock.set(at)
    swing = Swing(home.home)
    for command in (["fetch", "--source", "ibkr"], ["backtest"]):
        said = swing(*command)
        assert said.code == 0, said.err
    gateway.clock.set(at)
    outcome = service.trade(home, RebalanceRequest(Mode.PAPER, is_gateway_clock=True), lambda _name: None)
    assert publish_ledger(home) == ""
    return outcome


def test_a_restored_home_trades_the_next_session_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """Same ledger, same positions, no order of the first session again, and what the second wants is what is held."""
    home = Installation(tmp_path / "home")
    home.home.mkdir()
    with running(bars=read_bars("sample"), start=FIRST - timedelta(minutes=5)) as gateway:
        settings = SETTINGS.format(port=gateway.port, account=gateway.account_id)
        (home.home / "portfolio.yaml").write_text(settings, encoding="utf-8")
        first = _rebalanced(home, gateway, FIRST)
        assert first.orders
        held = dict(gateway.positions)
        with open_ledger(home) as ledger:
            before = ledger.head()
        archive, _ = back_up(home, tmp_path / "backups", datetime.now(UTC))
        shutil.rmtree(home.home)

        restore(archive, home.home)
        restored = Installation(home.home)
        with open_ledger(restored) as ledger:
            assert ledger.head() == before
            assert ledger.verify() == before[0]
        again = service.trade(restored, RebalanceRequest(Mode.PAPER, is_gateway_clock=True), lambda _name: None)
        assert dict(gateway.positions) == held, again.message

        second = _rebalanced(restored, gateway, SECOND)
        assert {state.order.order_ref for state in first.orders}.isdisjoint(
            state.order.order_ref for state in second.orders
        )
        assert all(state.remaining <= 0 for state in second.orders), second.message
        with open_ledger(restored) as ledger:
            assert ledger.finish(SECOND.date()) is not None
            finish = ledger.finish(SECOND.date())
            assert finish is not None
            assert {symbol: shares for symbol, shares in finish.positions.items() if shares} == {
                symbol: shares for symbol, shares in gateway.positions.items() if shares
            }
