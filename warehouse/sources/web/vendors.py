"""Web sources by name, made with the configuration's limits and the keys that were found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from warehouse.settings.sources import SourceName
from warehouse.sources.web import alpaca, tiingo
from warehouse.sources.web.alpaca import Alpaca
from warehouse.sources.web.tiingo import Tiingo
from warehouse.sources.web.yahoo import Yahoo

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from warehouse.settings.sources import SourceSettings
    from warehouse.sources.web.client import WebAccess
    from warehouse.sources.web.source import WebSource


def web_source(name: SourceName, settings: SourceSettings, find_key: Callable[[str], SecretStr | None]) -> WebSource:
    """Make a source for one fetch.

    Args:
        name: Of a web source.
        settings: The rate limits.
        find_key: Returns the key of a name such as TIINGO_API_KEY, or None. Without it the source answers every
            question with the fault `auth`, so that the next one is asked.

    Raises:
        ValueError: The name is of another kind of source.
    """
    match name:
        case SourceName.TIINGO:
            (token,) = map(find_key, Tiingo.key_names)
            return Tiingo(token, _limited(tiingo.ACCESS, settings.tiingo_requests_per_hour))
        case SourceName.ALPACA:
            key_id, secret_key = map(find_key, Alpaca.key_names)
            return Alpaca(key_id, secret_key, _limited(alpaca.ACCESS, settings.alpaca_requests_per_minute))
        case SourceName.YAHOO:
            return Yahoo()
    raise ValueError(f"{name} is not asked over the web")


def _limited(access: WebAccess, requests: int) -> WebAccess:
    return replace(access, limits=replace(access.limits, requests=requests))
