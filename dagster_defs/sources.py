"""The sources that a fetch asks: chosen by name or by the configuration, and made with their keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagster_defs.environment import find_key
from execution.brokers import registry as brokers
from warehouse.errors import ConfigurationError, SourceError
from warehouse.settings.sources import WHY_NOT_YAHOO, SourceName
from warehouse.sources.registry import SOURCES, SourceKind, web_source

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from execution.installation import Installation
    from warehouse.settings.sources import SourceSettings
    from warehouse.sources.base import SymbolSource

IN_ORDER = "order"
"""In place of a source's name: those of `sources.order`, until one has the bars."""
ALL = "all"
"""Likewise: those of `sources.order`, every one of them."""
CHOICES = (*SOURCES, IN_ORDER, ALL)
DAYS_A_YEAR = 365


def chosen(source: str, settings: SourceSettings) -> tuple[SourceName, ...]:
    """Return the sources that a name stands for, in the order to ask them.

    Raises:
        ConfigurationError: The configuration names none, or does not allow the one that is meant.
        SourceError: It is not the name of a source that can be asked.
    """
    if source in {IN_ORDER, ALL}:
        if not settings.order:
            raise ConfigurationError(
                "portfolio.yaml names no source to ask: sources.order is empty. Set it there, for example to "
                "[tiingo, alpaca], or name a source with --source."
            )
        return settings.order
    if source not in {*SourceName}:
        raise SourceError(f"There is no bar source '{source}'. Use one of: {', '.join(sorted(CHOICES))}.")
    if source == SourceName.YAHOO and not settings.is_yahoo_allowed:
        raise ConfigurationError(
            f"Yahoo is not asked. {WHY_NOT_YAHOO}. If that is what you want, set sources.is_yahoo_allowed: true in "
            "portfolio.yaml."
        )
    return (SourceName(source),)


def made(
    names: tuple[SourceName, ...], installation: Installation, connection: duckdb.DuckDBPyConnection, today: date
) -> list[SymbolSource]:
    """Make sources for one fetch into the lake of `connection`.

    Raises:
        ConfigurationError: What is found in place of a key is none.
    """
    requests = installation.portfolio.sources.requests
    keys = partial(find_key, home=installation.home)
    return [
        _broker(name, installation, connection, today)
        if SOURCES[name].kind is SourceKind.BROKER
        else web_source(name, requests, keys)
        for name in names
    ]


def _broker(name: str, installation: Installation, connection: duckdb.DuckDBPyConnection, today: date) -> SymbolSource:
    """Make a broker's source; its whole history reaches back to the first bar held, so that none keeps an old base."""
    held = connection.execute("SELECT min(session_date) FROM landing.bar_versions WHERE source = ?", [name]).fetchone()
    first = held[0] if held and held[0] else today
    years = max(int(installation.portfolio.broker.history.split()[0]), (today - first).days // DAYS_A_YEAR + 1)
    return brokers.adapter(name).bars(installation.gateway, f"{years} Y")
