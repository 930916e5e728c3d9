"""A connection as the answering side sees it, and the messages sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from execution.simulator.wire import Value


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a client: its fields by name, with defaults for the others, and the symbol it is about, if any."""

    name: str
    values: Mapping[str, Value]
    symbol: str = ""
    rows: Sequence[Sequence[Value]] = ()

    @property
    def number(self) -> int:
        """Number of the request or order that it answers, or -1."""
        return int(self.values.get("reqId", self.values.get("orderId", -1)))


def error(number: int, code: int, text: str) -> Message:
    """Make an error about the request or order `number`, or -1."""
    return Message("error", {"id": number, "code": code, "text": text})


class Client(Protocol):
    """One connection; `client_id` is -1 until the client has stated it."""

    client_id: int
    market_data_type: int
    wants_positions: bool
    wants_account: bool

    def send(self, *messages: Message) -> None:
        """Send messages, in order."""

    def close(self) -> None:
        """End the connection after everything sent until now."""
