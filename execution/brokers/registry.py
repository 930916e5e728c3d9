"""The brokers by name: a folder and a line each, imported when first used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from execution.brokers.base import BrokerAdapter

BROKERS = MappingProxyType({"ibkr": "execution.brokers.tws.adapter"})
"""Module of each broker's ADAPTER; as a source of bars a broker has the same name."""
DEFAULT = "ibkr"


def adapter(name: str = DEFAULT) -> BrokerAdapter:
    """Import a broker's folder and return its entry."""
    found: BrokerAdapter = import_module(BROKERS[name]).ADAPTER
    return found
