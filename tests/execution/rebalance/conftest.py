"""What every test of a rebalance in virtual time starts from."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from brokerage import Brokerage
from virtual_time import VirtualTime
from watched import PRICES, START, Desk

from execution.ledger.ledger import Ledger, ledger_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An account of 10,000 USD in cash."""
    (tmp_path / "portfolio.yaml").write_text("", encoding="utf-8")
    books = Brokerage(VirtualTime(START), Decimal(10_000), {symbol: Decimal(each) for symbol, each in PRICES.items()})
    ledger = Ledger.open(ledger_url(tmp_path))
    yield Desk(tmp_path, books, ledger)
    ledger.close()
