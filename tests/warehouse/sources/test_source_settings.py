"""Sources by name, and the configuration's section about them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from pydantic import ValidationError

from execution.brokers.registry import BROKERS
from warehouse.sources.registry import SOURCES, SourceKind, SourceSettings, named

PROPOSED: dict[str, Any] = {
    "order": ["ibkr", "tiingo", "alpaca", "files"],
    "patience": 120,
    "requests": {"tiingo": 5000},
}


def test_the_proposed_defaults_are_allowed() -> None:
    """The order is kept, and the unofficial source is not in it."""
    settings = SourceSettings.model_validate(PROPOSED)
    assert settings.order == ("ibkr", "tiingo", "alpaca", "files")
    assert "yahoo" not in settings.order


@pytest.mark.parametrize(
    "change",
    [
        {"order": []},
        {"order": ["stooq"]},
        {"patience": 0},
        {"requests": {"tiingo": 0}},
        {"requests": {"files": 9}},
        {"order": ["synthetic"]},
        {"token": "secret"},
    ],
)
def test_what_is_not_allowed_is_refused(change: dict[str, Any]) -> None:
    """An empty order, an unknown source, no patience, no requests, or a key among the settings."""
    with pytest.raises(ValidationError):
        SourceSettings.model_validate(PROPOSED | change)


def test_a_module_holds_the_source_of_its_name() -> None:
    """Each line of the registry leads to a class that carries the name; a broker's leads to the registry of brokers."""
    for name, entry in SOURCES.items():
        if entry.kind is SourceKind.BROKER:
            assert name in BROKERS
        else:
            assert import_module(entry.module).SOURCE.name == name
    assert named(SourceKind.FILES, SourceKind.SAMPLE) == ["files", "synthetic"]
