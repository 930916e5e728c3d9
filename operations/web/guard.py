"""A guard before a web server of this machine: a foreign page cannot make a browser ask for or send anything.

It lets through what comes from our own pages, under the names of this machine, and what no browser sends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Receive = Callable[[], Awaitable[Message]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON_TYPE = re.compile(r"application/json(; ?charset=utf-8)?", re.IGNORECASE)
HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:\[\]]+)(:\d+)?", re.IGNORECASE)


class Guard:
    """ASGI application that refuses what a foreign page makes a browser send, and hands on the rest.

    Args:
        app: The server behind it.
        hosts: Names under which it is served, beside those of this machine.
        advice: Said to whoever asks under another name.
        further: Returns status and reason of a refusal of one server alone, 0 if there is none.
    """

    def __init__(
        self,
        app: App,
        hosts: frozenset[str] = frozenset(),
        advice: str = "",
        further: Callable[[Scope], tuple[int, str]] = lambda _scope: (0, ""),
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK | hosts
        self._advice = advice
        self._further = further

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        status, reason = self.objection(scope) if scope["type"] in {"http", "websocket"} else (0, "")
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def objection(self, scope: Scope) -> tuple[int, str]:
        """Return the status and reason of a refusal; 0 if there is none."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        host, *more = headers.get("host", [""])
        named = HOST.fullmatch(host)
        if more or named is None or named[1].lower() not in self._hosts:
            return 421, f"The host {host or '(none)'} is not served here. {self._advice}".rstrip()
        for origin in headers.get("origin", []):
            if origin.lower() not in {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}:
                return 403, f"A page of {origin} may not ask here."
        if scope["type"] == "websocket":
            return 0, ""
        if scope["method"] not in HARMLESS:
            kinds = headers.get("content-type", [])
            if len(kinds) != 1 or not JSON_TYPE.fullmatch(kinds[0]):
                return 415, "Send application/json."
        return self._further(scope)


def host_of(scope: Scope) -> str:
    """Return the name under which a request that the guard let through asks, without its port."""
    host = next(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host")
    named = HOST.fullmatch(host)
    return named[1] if named else host
