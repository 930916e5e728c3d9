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

from dagster_defs.cli.serve import server
from execution.service import open_ledger
from operations.access.door import Door
from operations.web.application import create
from operations.web.catalog import VIEWS
from operations.web.control import NO_ERRANDS
from warehouse.settings.portfolio import load_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from command_line import Swing
    from simulators import RunningSimulator

    from execution.installation import Installation
    from execution.rebalance import RebalanceOutcome
    from operations.web.control import Errands

PATIENCE = 120
CONNECTIONS = 256
"""That may wait to be accepted."""


class Unredirected(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_arguments: Any) -> None:  # noqa: ANN401 - urllib's signature
        """Leave the answer as it is."""


ASKING = urllib.request.build_opener(Unredirected)


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

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, body: object = None, method: str | None = None
    ) -> Told:
        """Send a request, following no redirect; with a body, a POST of JSON."""
        sent = {"content-type": "application/json"} if body is not None else {}
        request = urllib.request.Request(  # noqa: S310 - ours
            f"{self.address}{path}",
            headers=sent | dict(headers or {}),
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        try:
            with ASKING.open(request, timeout=PATIENCE) as answer:
                return Told(answer.status, dict(answer.headers), answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Told(error.code, dict(error.headers), error.read().decode())

    def body(self, view: str) -> Any:  # noqa: ANN401 - each view has its own shape
        """Return a view's document; a failure of it fails the test."""
        answer = self.ask(f"/api/{view}").record
        assert answer["failure"] is None, answer["failure"]
        return answer["body"]

    def await_until(
        self, is_so: Callable[[dict[str, Any]], bool], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask for the state until something is so."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.ask("/api/state", headers).record
            if is_so(state):
                return state
            time.sleep(0.1)
        raise AssertionError(f"The page did not come so far: {state}")

    def await_documents(self, event: int = 0) -> dict[str, Any]:
        """Wait until every view is computed from the newest state, which knows the ledger's event of a number."""

        def is_new(state: dict[str, Any]) -> bool:
            is_whole = state["computed_at"].keys() == VIEWS.keys() and not state["stale"]
            return is_whole and (state["ledger_sequence"] or 0) >= event

        return self.await_until(is_new)


@dataclass(frozen=True, slots=True)
class LivedHome:
    """An installation that has traded once, and its page.

    Attributes:
        answers: Answers that the page gave while the rebalance ran.
        ended_at: Time at which the rebalance had ended, by the gateway's clock.
    """

    swing: Swing
    installation: Installation
    gateway: RunningSimulator
    page: ServedPage
    outcome: RebalanceOutcome
    answers: list[int]
    ended_at: datetime

    def await_documents(self) -> None:
        """Wait until the page has seen the ledger's newest event."""
        with open_ledger(self.installation) as ledger:
            newest, _ = ledger.head()
        self.page.await_documents(newest)


@contextmanager
def served(
    installation: Installation,
    clock: Callable[[], datetime],
    door: Door | None = None,
    errands: Errands = NO_ERRANDS,
) -> Iterator[ServedPage]:
    """Serve the page of an installation while the block lasts; by default whoever asks is let in."""
    door = door or Door(installation, load_page(installation.home))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(CONNECTIONS)
    page_server = server(create(installation, clock, door, errands), door.settings)
    thread = threading.Thread(target=page_server.run, kwargs={"sockets": [listener]}, name="page")
    thread.start()
    try:
        page = ServedPage(f"http://127.0.0.1:{listener.getsockname()[1]}")
        page.ask("/api/state")
        yield page
    finally:
        page_server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
