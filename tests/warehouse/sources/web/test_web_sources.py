"""Web sources by name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from vendor_market import LAST

from warehouse.sources.faults import FaultKind, SourceFaultError
from warehouse.sources.registry import SOURCES, web_source

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS = {"tiingo": 7, "alpaca": 9}
WEB = REQUESTS | {"yahoo": 20}


@pytest.mark.parametrize("name", SOURCES)
def test_a_name_stands_for_one_source(name: str) -> None:
    """A web source carries its name and the configured limit; another name is refused."""
    if name not in WEB:
        with pytest.raises(ValueError, match="not asked over the web"):
            web_source(name, REQUESTS, SecretStr)
        return
    source = web_source(name, REQUESTS, SecretStr)
    assert source.name == name
    assert source._client._limits.requests == WEB[name]
    asyncio.run(source.close())


@pytest.mark.parametrize(
    ("name", "find_key"),
    [
        ("tiingo", lambda _name: None),
        ("alpaca", lambda _name: None),
        ("alpaca", lambda name: None if "SECRET" in name else SecretStr("id")),
    ],
)
def test_a_missing_key_is_named(name: str, find_key: Callable[[str], SecretStr | None]) -> None:
    """Without a key, or with one of two, nothing is asked, and the remedy names the variables."""

    async def ask() -> SourceFaultError:
        source = web_source(name, REQUESTS, find_key)
        with pytest.raises(SourceFaultError) as caught:
            await source.bars("SPY", None, LAST)
        await source.close()
        return caught.value

    fault = asyncio.run(ask()).fault
    assert fault.kind is FaultKind.AUTH
    assert all(key in fault.reason for key in type(web_source(name, REQUESTS, find_key)).key_names)
