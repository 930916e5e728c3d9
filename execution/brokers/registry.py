"""The brokers by name: a folder and a line each, imported when first used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from execution.brokers.base import BrokerAdapter
    from execution.brokers.statements import StatementAdapter

BROKERS = MappingProxyType({"ibkr": "execution.brokers.tws.adapter"})
"""Module of each broker's ADAPTER; as a source of bars a broker has the same name."""
STATEMENTS = MappingProxyType({"ibkr": "execution.brokers.flex.adapter"})
"""Module of the ADAPTER of each broker's statements."""
DEFAULT = "ibkr"


def adapter(name: str = DEFAULT) -> BrokerAdapter:
    """Import a broker's folder and return its entry."""
    found: BrokerAdapter = import_module(BROKERS[name]).ADAPTER
    return found


def statement_adapter(name: str = DEFAULT) -> StatementAdapter:
    """Import the folder of a broker's statements and return its entry."""
    found: StatementAdapter = import_module(STATEMENTS[name]).ADAPTER
    return found
