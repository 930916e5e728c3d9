"""Requests to the gateway: each waits for the parts and the end of its answer until a deadline of its own."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from execution.brokers.base import Fault
from execution.brokers.retrying import TransientError
from execution.brokers.tws.codes import classify
from execution.errors import BrokerError, BrokerRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_REQUEST = 2**30
"""Far above every order's number, as errors name requests and orders by numbers of one space."""

Key = int | str
"""Number of a request, or its name if the protocol gives it none."""


class DeadlineError(TransientError):
    """A request did not end in time.

    Attributes:
        parts: Received until then.
    """

    def __init__(self, message: str, parts: list[Any]) -> None:
        super().__init__(message)
        self.parts = parts


class RequestRefusedError(BrokerRefusedError):
    """A request that the gateway refused with a code.

    Attributes:
        code: Of the broker.
        fault: Its consequence for the request.
    """

    def __init__(self, message: str, code: int, fault: Fault) -> None:
        super().__init__(message)
        self.code = code
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Answer:
    whole: asyncio.Future[list[Any]]
    parts: list[Any] = field(default_factory=list)


class Answers:
    """The open requests of one connection."""

    def __init__(self) -> None:
        self._open: dict[Key, _Answer] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ends_due: Counter[Key] = Counter()
        self._next_number = FIRST_REQUEST

    async def ask(self, name: str, send: Callable[[], None], deadline: float) -> list[Any]:
        """Make a request that has no number and return the parts of its answer.

        Raises:
            BrokerError: It did not end in time; it is not retried, as its late answer could pass for the next one's.
        """
        async with self._turns[name]:
            self._ends_due[name] += 1
            try:
                return await self._wait(name, send, deadline)
            except DeadlineError:
                raise BrokerError(
                    f"The request for {name} did not end within {deadline:g} s, so nothing is known. Connect again; "
                    "if it stays, restart the gateway."
                ) from None

    async def ask_numbered(self, what: str, send: Callable[[int], None], deadline: float) -> list[Any]:
        """Make a request that has a number and return the parts of its answer.

        Raises:
            TransientError: It did not end in time (DeadlineError), or failed in a way that may pass.
            BrokerRefusedError: It was refused.
        """
        number = self._next_number
        self._next_number += 1
        try:
            return await self._wait(number, lambda: send(number), deadline)
        except BrokerError as error:
            error.args = (f"{what}: {error}",)
            raise

    async def _wait(self, key: Key, send: Callable[[], None], deadline: float) -> list[Any]:
        answer = self._open[key] = _Answer(asyncio.get_running_loop().create_future())
        try:
            send()
            async with asyncio.timeout(deadline):
                return await answer.whole
        except TimeoutError:
            raise DeadlineError(f"No whole answer came within {deadline:g} s.", answer.parts) from None
        finally:
            del self._open[key]

    def add(self, key: Key, part: object) -> None:
        """Add a part to the answer of an open request."""
        if key in self._open:
            self._open[key].parts.append(part)

    def end(self, key: Key) -> None:
        """Complete an answer."""
        if isinstance(key, str) and self._ends_due[key] > 1:  # the end of a request that was given up
            self._ends_due[key] -= 1
            if key in self._open:
                self._open[key].parts.clear()
            return
        self._ends_due[key] = 0
        if key in self._open and not self._open[key].whole.done():
            self._open[key].whole.set_result(self._open[key].parts)

    def fail(self, key: Key, error: BrokerError) -> None:
        """Fail an open request."""
        if key in self._open and not self._open[key].whole.done():
            self._open[key].whole.set_exception(error)

    def fail_all(self, make_error: Callable[[], BrokerError]) -> None:
        """Fail every open request, each with an error of its own."""
        for key in self._open:
            self.fail(key, make_error())

    def fail_unnumbered(self, make_error: Callable[[], BrokerError]) -> None:
        """Fail the requests without a number: an error about them does not name the one it means."""
        for key in self._open:
            if isinstance(key, str):
                self._ends_due[key] -= 1
                self.fail(key, make_error())

    def is_open(self, number: int) -> bool:
        """Return True while the answer to a numbered request is waited for."""
        return number in self._open

    def was_asked(self, number: int) -> bool:
        """Return True if a number is that of a request, open or given up, and not of an order."""
        return FIRST_REQUEST <= number < self._next_number


def request_failure(code: int, text: str) -> BrokerError | None:
    """Return the error that a code means for the request it answers; None if it only informs."""
    traits = classify(code, text).value
    if traits.fault in {Fault.INFORMATIONAL, Fault.HELD}:
        return None
    message = f"{traits.meaning} The gateway says: {code} {text!r}. {traits.remedy}"
    if traits.fault is Fault.TRANSIENT:
        return TransientError(message, code)
    return RequestRefusedError(message, code, traits.fault)
