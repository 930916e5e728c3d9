"""Documents in memory: each view's, computed by one worker in the background whenever the installation has changed.

A request is answered from memory and opens nothing, so that no number of browsers can hold up a rebalance. Questions
whose answers cannot be known in advance wait in one short line for the same worker, one at a time.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations.web.reading import SeenState, beside, plain, reading_of, stamp
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import datetime

    from execution.installation import Installation
    from operations.web.reading import Reading

LOOK_SECONDS = 2.0
"""Between two looks at the files of warehouse and ledger."""
AGE_SECONDS = 60.0
"""Age at which a document that depends on the clock is computed again."""
FAILED_SECONDS = 10.0
"""Age at which a failure is tried again: what caused it may have passed, and nothing else tells."""
STUCK_SECONDS = 300.0
"""Age at which such a document shows that the worker is stuck."""
MOST_WAITING = 8
"""Questions that may wait for the worker; one more is refused."""
MOST_KEPT = 64
"""Answers that are kept until the installation changes."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ViewFailure:
    """Reason why a view has no document."""

    code: str
    message: str
    exit_code: int = 1

    @classmethod
    def of(cls, error: BaseException) -> ViewFailure:
        """Name an error by its class: LedgerBusyError is LEDGER_BUSY."""
        if not isinstance(error, SwingError):
            LOG.error("a view failed", exc_info=error)
            words = f"{type(error).__name__}: {error}".splitlines()[0]
            return cls("UNEXPECTED", f"This view could not be computed ({words}). The log of `swing serve` has more.")
        name = type(error).__name__.removesuffix("Error") or "Swing"
        return cls(re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(), str(error), error.exit_code)


@dataclass(frozen=True, slots=True, eq=False)
class ViewDocument:
    """Content of a view, as it was computed.

    Attributes:
        body: JSON-able; empty with a failure.
        computed_at: By the page's clock, aware.
        seconds: Time that it took.
    """

    view: str
    body: Mapping[str, Any]
    failure: ViewFailure | None
    state: SeenState
    computed_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name and the function that computes its document.

    Attributes:
        is_timed: Depends on the clock, and is computed again as time goes on.
    """

    name: str
    compute: Callable[[Reading], Mapping[str, Any]]
    is_timed: bool = False


class WorkerBusyError(Exception):
    """The worker has too much to do; try again."""


@dataclass(frozen=True, slots=True)
class _Asked:
    key: Hashable
    compute: Callable[[Reading], Mapping[str, Any]]
    answer: Future[ViewDocument] = field(default_factory=Future)


class Documents:
    """Documents of an installation, and the worker that computes them."""

    def __init__(self, installation: Installation, views: Mapping[str, View], clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._installation = installation
        self._views = views
        self._documents: dict[str, ViewDocument] = {}
        self._questions: queue.Queue[_Asked | None] = queue.Queue(MOST_WAITING)
        self._waiting: dict[Hashable, Future[ViewDocument]] = {}
        self._answers: OrderedDict[Hashable, ViewDocument] = OrderedDict()
        self._lock = threading.Lock()
        self._state = SeenState()
        self._stamp: tuple[str, ...] | None = None
        self._looked = 0.0
        self._ended = threading.Event()
        self._worker = threading.Thread(target=self._work, name="documents", daemon=True)

    def start(self) -> None:
        """Start the worker."""
        self._worker.start()

    def stop(self) -> None:
        """End the worker once it has finished what it is at."""
        self._ended.set()
        self.look_soon()
        self._worker.join(10)

    def look_soon(self) -> None:
        """Make the worker look for changes now."""
        self._stamp = None
        try:
            self._questions.put_nowait(None)
        except queue.Full:
            return  # it is awake

    @property
    def state(self) -> SeenState:
        """The newest state that was seen."""
        return self._state

    def get(self, view: str) -> ViewDocument | None:
        """Return a view's newest document, stale or not; None before the first."""
        return self._documents.get(view)

    def all(self) -> list[ViewDocument]:
        """Return the newest document of each view that has one."""
        return list(self._documents.values())

    def is_stale(self, document: ViewDocument) -> bool:
        """Return True if the installation has changed since a document was computed."""
        return document.state != self._state

    def is_old(self, document: ViewDocument) -> bool:
        """Return True if a timed document was not computed for so long that the worker must be stuck."""
        return (self.clock() - document.computed_at).total_seconds() > STUCK_SECONDS

    def ask(self, key: Hashable, compute: Callable[[Reading], Mapping[str, Any]]) -> Future[ViewDocument]:
        """Ask what no view holds; the same question is computed once for all who wait for it.

        Raises:
            WorkerBusyError: Too many questions wait already.
        """
        with self._lock:
            if key in self._waiting:
                return self._waiting[key]
            if (known := self._answers.get(key)) and known.state == self._state:
                answered: Future[ViewDocument] = Future()
                answered.set_result(known)
                return answered
            asked = _Asked(key, compute)
            try:
                self._questions.put_nowait(asked)
            except queue.Full:
                raise WorkerBusyError("The page is computing for others. Ask again in a few seconds.") from None
            self._waiting[key] = asked.answer
            return asked.answer

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self._refresh()
                asked = self._questions.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            except Exception:  # the worker outlives whatever it meets, and looks again
                LOG.exception("the page could not look")
                self._ended.wait(LOOK_SECONDS)
                continue
            if asked is not None:
                self._answer(asked)

    def _answer(self, asked: _Asked) -> None:
        with reading_of(self._installation, self.clock()) as reading:
            document = self._computed(View(str(asked.key), asked.compute), reading)
        with self._lock:
            self._waiting.pop(asked.key, None)
            if document.failure is None:
                self._answers[asked.key] = document
                while len(self._answers) > MOST_KEPT:
                    self._answers.popitem(last=False)
        asked.answer.set_result(document)

    def _refresh(self) -> None:
        """Compute what is not of the newest state, one view after the other; open nothing while nothing has changed."""
        seen, now = stamp(self._installation), time.monotonic()
        with reading_of(self._installation, self.clock()) as reading:
            if seen != self._stamp or now - self._looked > AGE_SECONDS:
                self._state = SeenState(_snapshot(reading), _sequence(reading), beside(self._installation))
                self._stamp, self._looked = seen, now
            for view in self._views.values():
                if self._is_due(view) and not self._ended.is_set():
                    self._documents[view.name] = self._computed(view, reading)

    def _is_due(self, view: View) -> bool:
        known = self._documents.get(view.name)
        if known is None or known.state != self._state:
            return True
        age = (self.clock() - known.computed_at).total_seconds()
        return age > FAILED_SECONDS if known.failure else view.is_timed and age > AGE_SECONDS

    def _computed(self, view: View, reading: Reading) -> ViewDocument:
        started = time.monotonic()
        body: Mapping[str, Any] = {}
        failure = None
        try:
            body = plain(reading.once(view.compute))
        except Exception as error:  # noqa: BLE001 - one view's failure is shown there, and stops no other
            failure = ViewFailure.of(error)
        return ViewDocument(view.name, body, failure, self._state, self.clock(), time.monotonic() - started)


def _snapshot(reading: Reading) -> int | None:
    try:
        return reading.snapshot
    except Exception:  # noqa: BLE001 - the views tell what is wrong
        return None


def _sequence(reading: Reading) -> int | None:
    try:
        return reading.ledger.head()[0]
    except Exception:  # noqa: BLE001 - as above
        return None
