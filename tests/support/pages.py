"""The page in a thread of the test process, over a real socket, and what a browser or a script asks of it."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn

from operations.web.application import create
from operations.web.catalog import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from execution.installation import Installation

PATIENCE = 120
CONNECTIONS = 256
"""That may wait to be accepted."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the page."""

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)

    @property
    def record(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return it as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class ServedPage:
    """A page that is being served at `address`."""

    address: str

    def ask(self, path: str, headers: Mapping[str, str] | None = None, body: object = None) -> Told:
        """Send a request; with a body, a POST of JSON."""
        sent = {"content-type": "application/json"} if body is not None else {}
        request = urllib.request.Request(  # noqa: S310 - ours
            f"{self.address}{path}",
            headers=sent | dict(headers or {}),
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - ours
                return Told(answer.status, dict(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Told(error.code, dict(error.headers), error.read().decode())

    def body(self, view: str) -> Any:  # noqa: ANN401 - each view has its own shape
        """Return a view's document; a failure of it fails the test."""
        answer = self.ask(f"/api/{view}").record
        assert answer["failure"] is None, answer["failure"]
        return answer["body"]

    def await_until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the state until something is so."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.ask("/api/state").record
            if is_so(state):
                return state
            time.sleep(0.1)
        raise AssertionError(f"The page did not come so far: {state}")

    def await_documents(self) -> dict[str, Any]:
        """Wait until every view is computed from the newest state."""
        return self.await_until(lambda state: state["computed_at"].keys() == VIEWS.keys() and not state["stale"])


@contextmanager
def served(installation: Installation, clock: Callable[[], datetime]) -> Iterator[ServedPage]:
    """Serve the page of an installation while the block lasts."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(CONNECTIONS)
    server = uvicorn.Server(uvicorn.Config(create(installation, clock), log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page")
    thread.start()
    try:
        page = ServedPage(f"http://127.0.0.1:{listener.getsockname()[1]}")
        page.ask("/api/state")
        yield page
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
