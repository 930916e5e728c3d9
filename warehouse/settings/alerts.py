"""The configuration's section about alerts: who is told of what, over which channel, and when."""

from __future__ import annotations

import re
from collections import Counter
from datetime import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr

from warehouse.settings.layers import Problem, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNEL_NAME = "a word of at most 20 letters a to z, digits and _"
QUIET_HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
WEB_ADDRESS = re.compile(r"https?://\S+")
ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S+")


class Severity(StrEnum):
    """Urgency of an alert, in ascending order."""

    INFO = "info"
    """Nothing has to be done; quiet hours hold it back."""
    WARNING = "warning"
    """Something is doubtful; look at it before the next session."""
    ALARM = "alarm"
    """A rebalance has failed, or will, unless a person acts."""

    @property
    def rank(self) -> int:
        """Place in the order of urgency."""
        return list(Severity).index(self)


class Address(Section):
    """A URL that holds a secret: written here, or in a file of its own.

    Without either, the environment variable of the same name counts; see `Installation.urls`.
    """

    url: SecretStr | None = Field(None, description="a URL such as mailtos://USER:PASSWORD@HOST?to=ME")
    url_file: str = Field("", description="a file that holds the URL; its name alone is looked up among the secrets")


class Channel(Address):
    """One way to reach a person."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,19}$", description=CHANNEL_NAME)
    minimum: Severity = Field(
        Severity.INFO, strict=False, description=f"the least that is sent over it: one of {', '.join(Severity)}"
    )
    is_escalation: bool = Field(
        default=False, description="true: it is used only for alarms that nobody acknowledges; or false"
    )


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("no zone") from error
    return name


class AlertSettings(Section):
    """Channels, the hours in which they rest, and the heartbeat that an outside service waits for."""

    channels: tuple[Channel, ...] = Field(
        strict=False, description="a list of {name: mail, url_file: alert_mail, minimum: warning}; or []"
    )
    quiet_hours: str = Field(description="hours of the day such as 22:00-07:00, or empty")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(description="a zone such as Europe/Berlin")
    escalate_after: int = Field(ge=1, le=1440, description="a whole number of minutes from 1 to 1440")
    drift: float = Field(gt=0, le=2, description="a distance above 0, at most 2, such as 0.1")
    backtest_correlation: float = Field(ge=-1, le=1, description="a number from -1 to 1")
    backtest_drift: float = Field(gt=0, le=10, description="a fraction above 0, at most 10, such as 0.05")
    tracking_error: float = Field(gt=0, le=10, description="a fraction a year above 0, at most 10, such as 0.1")
    are_amounts_shown: bool = Field(description="true or false")
    heartbeat: Address

    @property
    def quiet(self) -> tuple[time, time] | None:
        """Begin and end of the quiet hours, local time; None without any. Equal ones last all day."""
        found = QUIET_HOURS.fullmatch(self.quiet_hours)
        return (time.fromisoformat(found[1]), time.fromisoformat(found[2])) if found else None


def alerts_contradicted(alerts: AlertSettings) -> Iterator[Problem]:
    """Yield the problems of values that are each of the right kind."""
    for name, times in Counter(channel.name for channel in alerts.channels).items():
        if times > 1:
            yield Problem.of(f"{name} names {times} channels; each needs a name of its own", "alerts.channels")
    for at, channel in enumerate(alerts.channels):
        for text in _faults(channel, ADDRESS):
            yield Problem((("alerts", "channels", at),), text)
    for text in _faults(alerts.heartbeat, WEB_ADDRESS):
        yield Problem.of(text, "alerts.heartbeat")
    try:
        is_readable = not alerts.quiet_hours or alerts.quiet is not None
    except ValueError:
        is_readable = False
    if not is_readable:
        yield Problem.of("allowed are hours of the day such as 22:00-07:00, or empty", "alerts.quiet_hours")


def _faults(address: Address, form: re.Pattern[str]) -> Iterator[str]:
    if address.url and address.url_file:
        yield "url and url_file exclude each other; keep one"
    if address.url and not form.fullmatch(address.url.get_secret_value()):
        yield "its url is none: one word such as mailtos://… (the heartbeat's: https://…), which is not shown here"
