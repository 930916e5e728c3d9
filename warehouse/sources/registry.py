"""The sources of bars, a line each, in the order in which they are best asked; and their making."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import SecretStr

    from warehouse.sources.web.source import WebSource


class SourceKind(StrEnum):
    """Ways to be asked."""

    BROKER = "broker"
    """By a gateway; its folder stands in `execution/brokers`, and its name in the registry there."""
    WEB = "web"
    """Symbol by symbol, within a rate limit; what is fetched from it can fall back on the next source."""
    FILES = "files"
    """As a whole, from paths."""
    SAMPLE = "sample"
    """As a whole; made up, so that it shares a warehouse with no other."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A source in the registry.

    Attributes:
        module: Holds its class as SOURCE, and a web source's ACCESS; imported when first used. Empty for a broker.
        states_dividends: False for a source whose dividends are derived from its prices.
    """

    kind: SourceKind
    module: str = ""
    states_dividends: bool = True


SOURCES: Mapping[str, SourceEntry] = MappingProxyType(
    {
        "ibkr": SourceEntry(SourceKind.BROKER, states_dividends=False),
        "tiingo": SourceEntry(SourceKind.WEB, "warehouse.sources.web.tiingo"),
        "alpaca": SourceEntry(SourceKind.WEB, "warehouse.sources.web.alpaca", states_dividends=False),
        "files": SourceEntry(SourceKind.FILES, "warehouse.sources.files.source"),
        "yahoo": SourceEntry(SourceKind.WEB, "warehouse.sources.web.yahoo"),
        "synthetic": SourceEntry(SourceKind.SAMPLE, "warehouse.sources.synthetic"),
    }
)
"""A source has the same name in the configuration, on the command line and in the lake."""


def named(*kinds: SourceKind) -> list[str]:
    """Return the names of the sources of some kinds, the best first."""
    return [name for name, entry in SOURCES.items() if entry.kind in kinds]


def source_ranks(order: Sequence[str] = ()) -> list[dict[str, str | int | bool]]:
    """Return one row per source, the most trusted first: those of `order`, then the others as they stand here."""
    names = dict.fromkeys([*order, *SOURCES])
    return [
        {"source": name, "rank": rank, "states_dividends": SOURCES[name].states_dividends}
        for rank, name in enumerate(names, start=1)
    ]


def web_source(name: str, requests: Mapping[str, int], find_key: Callable[[str], SecretStr | None]) -> WebSource:
    """Make a source for one fetch.

    Args:
        name: Of a web source.
        requests: The rate limits that differ from the free plan's, by source.
        find_key: Returns the key of a name such as TIINGO_API_KEY, or None. Without it the source answers every
            question with the fault `auth`, so that the next one is asked.

    Raises:
        ValueError: The name is of another kind of source.
    """
    if SOURCES[name].kind is not SourceKind.WEB:
        raise ValueError(f"{name} is not asked over the web")
    module = import_module(SOURCES[name].module)
    limits = replace(module.ACCESS.limits, requests=requests.get(name, module.ACCESS.limits.requests))
    made: WebSource = module.SOURCE(*map(find_key, module.SOURCE.key_names), replace(module.ACCESS, limits=limits))
    return made
