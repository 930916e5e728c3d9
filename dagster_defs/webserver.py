"""The entry of `swing dev`: Dagster's own development server, with a guard before its web server.

Dagster's UI has no sign-in and answers any page that a browser shows: a foreign page could launch a rebalance. The
guard lets through what comes from the UI itself, and what no browser sends.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dagster_defs.environment import ui_hosts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Scope = Mapping[str, Any]
    Message = Mapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Receive = Callable[[], Awaitable[Message]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON_TYPE = re.compile(r"application/json(; ?charset=utf-8)?", re.IGNORECASE)
HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:\[\]]+)(:\d+)?", re.IGNORECASE)


class Guard:
    """ASGI application that refuses what a foreign page makes a browser send, and hands on the rest."""

    def __init__(self, app: App, hosts: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._hosts = LOOPBACK | hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        status, reason = _objection(scope, self._hosts) if scope["type"] in {"http", "websocket"} else (0, "")
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def _objection(scope: Scope, hosts: frozenset[str]) -> tuple[int, str]:
    """Return the status and reason of a refusal; 0 if there is none."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    host, *more = headers.get("host", [""])
    named = HOST.fullmatch(host)
    if more or named is None or named[1].lower() not in hosts:
        return 421, f"The host {host or '(none)'} is not served here. $SWING_UI_HOSTS lists further ones."
    for origin in headers.get("origin", []):
        if origin.lower() not in {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}:
            return 403, f"A page of {origin} may not ask here."
    if scope["type"] == "websocket":
        return 0, ""
    if scope["method"] not in HARMLESS:
        kinds = headers.get("content-type", [])
        if len(kinds) != 1 or not JSON_TYPE.fullmatch(kinds[0]):
            return 415, "Send application/json."
    elif scope["path"].endswith("/graphql") and parse_qs(scope["query_string"], keep_blank_values=True):
        return 405, "Send queries by POST, as application/json."
    return 0, ""


def serve() -> None:
    """Run Dagster's web server behind the guard."""
    from dagster_webserver.cli import main  # noqa: PLC0415 - `swing dev` itself does not need it
    from dagster_webserver.webserver import DagsterWebserver  # noqa: PLC0415 - as above
    from starlette.middleware import Middleware  # noqa: PLC0415 - as above

    theirs = DagsterWebserver.build_middleware
    ours = Middleware(Guard, ui_hosts())
    DagsterWebserver.build_middleware = lambda server: [ours, *theirs(server)]  # type: ignore[method-assign, assignment]
    main()  # type: ignore[no-untyped-call]


def develop() -> None:
    """Run `dagster dev`, which has no option for its web server: the process that it starts is ours."""
    from dagster._cli import dev  # noqa: PLC0415 - the web server does not need it

    start = dev.open_ipc_subprocess  # type: ignore[attr-defined]

    def start_ours(parts: list[str], **options: Any) -> Any:  # noqa: ANN401 - Dagster's signature
        return start([__spec__.name if part == "dagster_webserver" else part for part in parts], **options)

    dev.open_ipc_subprocess = start_ours  # type: ignore[attr-defined, assignment]
    dev.dev_command()


if __name__ == "__main__":
    if sys.argv[1:2] == ["dev"]:
        del sys.argv[1]
        develop()
    else:
        serve()
