"""The guard before Dagster's web server: a foreign page cannot make a browser launch anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from dagster_defs import environment
from dagster_defs.webserver import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = {"host": "127.0.0.1:3000"}
ORIGIN = {"origin": "http://127.0.0.1:3000"}
JSON = {"content-type": "application/json"}
MUTATION = "query=mutation{launchRun}"


def _served(*, method: str = "GET", target: str = "/", headers: Mapping[str, str] = HOST, hosts: str = "") -> int:
    """Return the status of a request; 200 if the server behind the guard saw it, 1008 for a refused LIVE connection."""
    told: list[Mapping[str, Any]] = []

    async def server(_scope: object, _receive: object, _send: object) -> None:
        told.append({"status": 200})

    async def send(message: Mapping[str, Any]) -> None:
        told.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    path, _, query = target.partition("?")
    scope = {
        "type": "websocket" if method == "LIVE" else "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(guarded(server, hosts=frozenset(hosts.split()))(scope, receive, send))
    return int(told[0].get("status") or told[0]["code"])


@pytest.mark.parametrize(
    "asked",
    [
        {"target": "/asset-groups"},
        {"target": "/graphql"},
        {"method": "POST", "target": "/graphql", "headers": HOST | ORIGIN | JSON},
        {"method": "POST", "target": "/graphql", "headers": HOST | {"content-type": "application/json; charset=utf-8"}},
        {"headers": {"host": "localhost:3000"}},
        {"headers": {"host": "[::1]:3000"}},
        {"headers": {"host": "swing.example", "origin": "https://swing.example"}, "hosts": "swing.example"},
        {"method": "LIVE", "target": "/graphql", "headers": HOST | ORIGIN},
    ],
)
def test_the_ui_itself_is_served(asked: Mapping[str, Any]) -> None:
    """Pages, queries and live updates of the UI pass, under this machine's names and those that were listed."""
    assert _served(**asked) == 200


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        pytest.param(405, {"target": f"/graphql?{MUTATION}"}, id="an image's address holds a mutation"),
        pytest.param(405, {"target": f"/graphql?x&{MUTATION}"}, id="a mutation behind something else"),
        pytest.param(405, {"method": "HEAD", "target": f"/graphql?{MUTATION}"}, id="asked for its head alone"),
        pytest.param(
            415,
            {"method": "POST", "headers": HOST | {"content-type": "text/plain; application/json"}},
            id="a type that needs no preflight",
        ),
        pytest.param(415, {"method": "POST", "target": f"/graphql?{MUTATION}"}, id="a form without a type"),
        pytest.param(
            415,
            {"method": "POST", "target": "/graphql", "headers": HOST | {"content-type": "application/graphql"}},
            id="a bare query",
        ),
        pytest.param(
            403,
            {"method": "POST", "target": "/graphql", "headers": HOST | JSON | {"origin": "http://evil.example"}},
            id="a foreign page",
        ),
        pytest.param(403, {"headers": HOST | {"origin": "http://127.0.0.1:8080"}}, id="another server of this machine"),
        pytest.param(403, {"headers": HOST | {"origin": "null"}}, id="a sandboxed page"),
        pytest.param(421, {"headers": {"host": "evil.example:3000"}}, id="a name rebound to this machine"),
        pytest.param(421, {"headers": {"host": "127.0.0.1.evil.example"}}, id="a name that begins like ours"),
        pytest.param(421, {"headers": {"host": "127.0.0.1:3000@evil.example"}}, id="a name behind ours"),
        pytest.param(421, {"headers": {}}, id="no name"),
        pytest.param(
            1008, {"method": "LIVE", "target": "/graphql", "headers": HOST | {"origin": "http://evil.example"}},
            id="a foreign page's live connection",
        ),
        pytest.param(1008, {"method": "LIVE", "headers": {"host": "evil.example"}}, id="live under a foreign name"),
    ],
)  # fmt: skip
def test_a_foreign_page_is_refused(status: int, asked: Mapping[str, Any]) -> None:
    """What a browser sends for somebody else never reaches the server."""
    assert _served(**asked) == status


def test_a_proxy_names_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """$SWING_UI_HOSTS lists names, and nothing else is taken for one."""
    monkeypatch.setenv("SWING_UI_HOSTS", " Swing.Example, ,other.example")
    assert environment.ui_hosts() == {"swing.example", "other.example"}
    monkeypatch.delenv("SWING_UI_HOSTS")
    assert environment.ui_hosts() == frozenset()
