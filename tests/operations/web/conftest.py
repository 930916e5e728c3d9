"""A home with bars, a backtest, a walk-forward and a rebalance, made while a hundred connections ask its page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from command_line import Swing
from pages import LivedHome, served
from simulators import NEW_YORK, running

from dagster_defs.published_ledger import publish_ledger
from execution import service
from execution.installation import Installation
from execution.orders.context import RebalanceRequest
from execution.simulator.market import read_bars
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pages import ServedPage

    from execution.rebalance import RebalanceOutcome

WINDOW = datetime(2019, 12, 31, 15, 55, tzinfo=NEW_YORK)
CONNECTIONS = 100
SETTINGS = """
broker: {{port: {port}, account: {account}, is_source_of_bars: true}}
trading: {{scheduled_mode: paper}}
grid: {{ema_fast: [10, 20], ema_slow: [50], top_n: [1, 2], corr_cap: [0.7]}}
"""


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedHome]:
    """Fetch, build, and trade on paper while the page is under load."""
    with running(bars=read_bars("sample"), start=WINDOW - timedelta(minutes=25)) as gateway:
        swing = Swing(tmp_path_factory.mktemp("page") / "home")
        swing.home.mkdir()
        settings = SETTINGS.format(port=gateway.port, account=gateway.account_id)
        (swing.home / "portfolio.yaml").write_text(settings, encoding="utf-8")
        for command in (["fetch", "--source", "ibkr"], ["backtest"], ["walkforward"]):
            said = swing(*command)
            assert said.code == 0, said.err
        installation = Installation(swing.home)
        with served(installation, gateway.clock.now) as page:
            page.await_documents()
            gateway.clock.set(WINDOW)
            outcome, answers = _traded_under_load(installation, page)
            ended_at = gateway.clock.now()
            assert publish_ledger(installation) == ""
            gateway.clock.set(WINDOW.replace(hour=16, minute=6))
            service.look_again(installation, is_gateway_clock=True)
            assert publish_ledger(installation) == ""
            home = LivedHome(swing, installation, gateway, page, outcome, answers, ended_at)
            home.await_documents()
            yield home


def _traded_under_load(installation: Installation, page: ServedPage) -> tuple[RebalanceOutcome, list[int]]:
    is_over = threading.Event()

    def browse(number: int) -> list[int]:
        paths = ("/overview", "/api/equity", "/holdings", "/metrics", "/api/explorer", "/health")
        answers: list[int] = []
        while not is_over.is_set():
            answers.append(page.ask(paths[(number + len(answers)) % len(paths)]).status)
        return answers

    with ThreadPoolExecutor(CONNECTIONS) as browsers:
        asked = [browsers.submit(browse, number) for number in range(CONNECTIONS)]
        try:
            outcome = service.trade(
                installation, RebalanceRequest(Mode.PAPER, is_gateway_clock=True), lambda _name: None
            )
        finally:
            is_over.set()
        return outcome, [status for each in asked for status in each.result()]
