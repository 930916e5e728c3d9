"""A rebalance over the simulator's socket, and the broker's statement of that day: they agree to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from flex import DAY, of_broker
from in_process import rebalanced
from simulators import running
from stated_accounts import judged

from execution.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("scenario", ["", "fill in 3 parts every 0.05", "correct SPY 1: price +0.10"])
def test_the_statement_agrees_with_the_ledger_to_the_cent(tmp_path: Path, scenario: str) -> None:
    """Fills in parts, and one whose price was corrected, among them; a cent off is seen."""
    with running(scenario) as gateway:
        starting = gateway.ask(lambda simulator: simulator.account.cash)
        assert rebalanced(tmp_path, gateway).exit_code == 0
        xml = of_broker(gateway, starting)
    here = Installation(tmp_path)
    found = judged(here, xml)
    assert found.standing.open == ()
    assert found.standing.clean_until == DAY
    assert len(found.statements[0].effective_trades) >= 2
    before, after = (Decimal(str(each)) for each in xml.cash["USD"])
    off = replace(xml, cash={"USD": (before, after + Decimal("0.01"))})
    assert [each.code for each in judged(here, off).standing.open] == ["CASH_DIFFERS"]
