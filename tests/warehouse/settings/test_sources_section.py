"""The section about sources."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from warehouse.settings.sources import SourceName, SourceSettings

PROPOSED: dict[str, Any] = {
    "order": ["ibkr", "tiingo", "alpaca", "files"],
    "patience": 120,
    "tiingo_requests_per_hour": 50,
    "alpaca_requests_per_minute": 200,
}


def test_the_proposed_defaults_are_allowed() -> None:
    """The order is kept, and the unofficial source is not in it."""
    settings = SourceSettings.model_validate(PROPOSED)
    assert settings.order == (SourceName.IBKR, SourceName.TIINGO, SourceName.ALPACA, SourceName.FILES)
    assert SourceName.YAHOO not in settings.order


@pytest.mark.parametrize(
    "change",
    [{"order": []}, {"order": ["stooq"]}, {"patience": 0}, {"tiingo_requests_per_hour": 0}, {"token": "secret"}],
)
def test_what_is_not_allowed_is_refused(change: dict[str, Any]) -> None:
    """An empty order, an unknown source, no patience, no requests, or a key among the settings."""
    with pytest.raises(ValidationError):
        SourceSettings.model_validate(PROPOSED | change)
