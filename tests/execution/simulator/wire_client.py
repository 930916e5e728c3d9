"""A client that speaks the wire protocol itself, to see exactly what the simulator sends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

from execution.simulator.messages import MESSAGE_NAMES, MESSAGES, OLDEST_VERSION, REQUESTS
from execution.simulator.wire import LENGTH, from_payload, to_frame

if TYPE_CHECKING:
    from decimal import Decimal
    from types import TracebackType

    from execution.simulator.wire import Value, Values

PATIENCE = 20


class WireClient:
    """A connection at `version`; every message is decoded strictly."""

    def __init__(self, port: int, client_id: int = 1, version: int = 176) -> None:
        self.version = version
        self.next_id = 0
        self.heard: list[tuple[str, Values]] = []
        self._client_id = client_id
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def __enter__(self) -> Self:
        """Wait until the gateway is ready; EOFError if it ends the connection instead."""
        try:
            self._greet()
            self.next_id = int(self.until("nextValidId")[-1][1]["orderId"])
        except EOFError:
            self._socket.close()
            raise
        return self

    def _greet(self) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        greeting = f"v{min(self.version, OLDEST_VERSION)}..{self.version}".encode()
        self._socket.sendall(b"API\0" + LENGTH.pack(len(greeting)) + greeting)
        fields = from_payload(self._frame())
        if len(fields) == 2:
            self.version = int(fields[0])
            self.ask("startApi", version=2, clientId=self._client_id)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._socket.close()

    def ask(self, name: str, **values: Value) -> None:
        """Send a request."""
        self.send(REQUESTS[name].encode(self.version, values))

    def send(self, fields: list[str]) -> None:
        """Send fields as they are."""
        self._socket.sendall(to_frame(fields))

    def order(self, side: str, quantity: Decimal | float, symbol: str, /, **values: Value) -> int:
        """Place a market order for the day, unless `values` say otherwise; return its id."""
        order_id = int(values.pop("orderId", self.next_id))
        self.next_id = max(self.next_id, order_id + 1)
        usual: dict[str, Value] = {
            "orderType": "MKT",
            "tif": "DAY",
            "secType": "STK",
            "orderRef": f"ref-{order_id}",
            "transmit": 1,
        }
        named: dict[str, Value] = {"orderId": order_id, "action": side, "totalQuantity": quantity, "symbol": symbol}
        self.ask("placeOrder", **usual | named | values)
        return order_id

    def next(self) -> tuple[str, Values]:
        """Return the next message; EOFError if the connection ends before it is whole."""
        fields = from_payload(self._frame())
        name = MESSAGE_NAMES[int(fields[0])]
        self.heard.append((name, MESSAGES[name].decode(self.version, fields)))
        return self.heard[-1]

    def until(self, name: str) -> list[tuple[str, Values]]:
        """Return the messages up to the next one called `name`."""
        seen = [self.next()]
        while seen[-1][0] != name:
            seen.append(self.next())
        return seen

    def all(self, name: str, **values: Value) -> list[tuple[str, Values]]:
        """Ask, and return what was sent before an answer to a later request for the time."""
        self.ask(name, **values)
        self.ask("reqCurrentTime", version=1)
        return self.until("currentTime")[:-1]

    def _frame(self) -> bytes:
        return self._exactly(LENGTH.unpack(self._exactly(LENGTH.size))[0])

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                more = self._socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise EOFError(f"the connection ended after {len(data)} of {size} bytes")
            data += more
        return data
