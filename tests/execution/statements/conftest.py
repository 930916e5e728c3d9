"""An account that the ledger knows: looked at, traded once, its commission reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stated_accounts import KNOWN, record

from execution.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation whose ledger has bought ten SPY with 10,000 USD."""
    installation = Installation(tmp_path)
    (tmp_path / "portfolio.yaml").write_text("broker: {account: DU1234567}\n", encoding="utf-8")
    record(installation, *KNOWN)
    return installation
