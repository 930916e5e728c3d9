"""Channels: their URLs, found and judged without being shown, and the sending over one of them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.settings.alerts import Severity

if TYPE_CHECKING:
    from types import ModuleType

    import apprise

    from execution.installation import Installation
    from warehouse.settings.alerts import Address, AlertSettings, Channel

LIMIT_SECONDS = 15
"""Time that a channel has to take a message."""


@dataclass(frozen=True, slots=True)
class Line:
    """A channel with the server that its URL leads to.

    Attributes:
        server: Understood, and not yet reached.
    """

    channel: Channel
    server: apprise.NotifyBase

    @property
    def place(self) -> str:
        """URL without its secrets, for people."""
        masked: str = self.server.url(privacy=True)  # type: ignore[no-untyped-call]
        return masked.partition("?")[0]

    def send(self, title: str, body: str, severity: Severity) -> str:
        """Send a message; return why it was not taken, without any secret, or nothing if it was."""
        library = _apprise()
        kinds = {
            Severity.INFO: library.NotifyType.INFO,
            Severity.WARNING: library.NotifyType.WARNING,
            Severity.ALARM: library.NotifyType.FAILURE,
        }
        sender = library.Apprise()
        sender.add(self.server)
        try:
            result = sender.notify(
                body, title, kinds[severity], library.NotifyFormat.TEXT, timeout=LIMIT_SECONDS, interpret_escapes=False
            )
        except Exception as error:  # noqa: BLE001 - a service's own code may fail in any way
            return f"its service failed: {type(error).__name__}"
        if result:
            return ""
        if result.status == library.AppriseResultStatus.TIMEOUT:
            return f"no answer within {LIMIT_SECONDS} s"
        return "it cannot be reached, or has refused the message"


def lines(installation: Installation, settings: AlertSettings) -> tuple[list[Line], list[str]]:
    """Find the server of each channel; return those that are understood, and what is wrong with the others."""
    found, faults = [], []
    for channel in settings.channels:
        try:
            found.append(Line(channel, _server(installation, channel)))
        except ConfigurationError as error:
            faults.append(str(error))
    return found, faults


def address_of(installation: Installation, address: Address, name: str) -> str:
    """Return a URL, from wherever it stands; empty if it stands nowhere.

    Args:
        installation: Whose folders of secrets and environment are searched.
        address: As configured.
        name: Of the channel; or heartbeat.

    Raises:
        ConfigurationError: Its file cannot be read.
    """
    if address.url is not None:
        return address.url.get_secret_value().strip()
    if address.url_file:
        return _read(installation, address.url_file)
    secret = installation.urls.get(name)
    return secret.get_secret_value().strip() if secret else ""


def _read(installation: Installation, name: str) -> str:
    folders = [installation.home / "secrets", *installation.secret_folders]
    places = [folder / Path(name).expanduser() for folder in folders]
    file = next((place for place in places if place.is_file()), places[0])
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigurationError(f"{file} cannot be read: {reason}. It must hold a URL and nothing else.") from None


def _server(installation: Installation, channel: Channel) -> apprise.NotifyBase:
    url = address_of(installation, channel, channel.name)
    if not url:
        raise ConfigurationError(
            f"The channel {channel.name} has no URL: set url or url_file in portfolio.yaml, or the variable "
            f"SWING_ALERT_{channel.name.upper()}."
        )
    server: apprise.NotifyBase | None = _apprise().Apprise.instantiate(url, suppress_exceptions=True)
    if server is None:
        scheme = re.match(r"(\w+)://", url)
        told = f"what follows {scheme[0]} is not what that service needs" if scheme else "it has no scheme"
        raise ConfigurationError(
            f"The URL of the channel {channel.name} is not understood ({told}). It is not shown here; compare it with "
            "https://appriseit.com/services/."
        )
    return server


def _apprise() -> ModuleType:
    """Import the library, which takes half a second, and silence its log, which may show URLs."""
    import apprise  # noqa: PLC0415 - see above

    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return apprise
