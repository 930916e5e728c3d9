"""The configuration's section about the page: who has to sign in, and what stands before it."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from warehouse.settings.layers import Problem, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")


def _host(name: str) -> str:
    if not HOST_NAME.fullmatch(name):
        raise ValueError("no name")
    return name


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))


class PageSettings(Section):
    """Sign-in, and the reverse proxy with TLS without which the page is reached from this machine alone."""

    is_sign_in_required: bool = Field(description="true or false")
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        strict=False, description="a list of names in small letters, such as [swing.example.org]; or []"
    )
    proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        strict=False, description="a list of addresses or networks, such as [127.0.0.1, 172.18.0.0/16]; or []"
    )
    idle_minutes: int = Field(ge=1, le=1440, description="a whole number of minutes from 1 to 1440")
    session_hours: int = Field(ge=1, le=168, description="a whole number of hours from 1 to 168")


def page_contradicted(page: PageSettings) -> Iterator[Problem]:
    """Yield the problems of values that are each of the right kind."""
    if page.hosts and not page.proxies:
        yield Problem.of(
            "names are served over TLS alone, and only a proxy can say that there is TLS: name its address in "
            "page.proxies",
            "page.hosts",
            "page.proxies",
        )
