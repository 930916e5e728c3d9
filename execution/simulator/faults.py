"""Faults at each message by the scenario's rules, and the broker's limits on the pace of requests."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from execution.simulator.scenario import Action, Scenario
    from execution.simulator.wire import Values

MESSAGES_PER_SECOND = 50
SAME_REQUEST_SECONDS = 15.0
SAME_CONTRACT = 6
SAME_CONTRACT_SECONDS = 2.0
PACING_VIOLATION = "Historical Market Data Service error message:Historical data request pacing violation"


class Faults:
    """Counts messages; the first rule that fits decides."""

    def __init__(self, scenario: Scenario) -> None:
        self._rules = scenario.rules
        self._seen: Counter[int] = Counter()

    def at(self, message: str, symbol: str) -> tuple[Action, ...] | None:
        """Return the actions at this message about `symbol`; None for the usual course."""
        chosen = None
        for number, rule in enumerate(self._rules):
            if rule.message != message or rule.symbol not in {"", symbol}:
                continue
            self._seen[number] += 1
            if chosen is None and rule.first <= self._seen[number] <= rule.last:
                chosen = rule.actions
        return chosen


class Pacing:
    """The broker's limits on one connection, in real time.

    Limits: 50 messages a second; no identical history request within 15 s; fewer than 6 for one contract in 2 s
    (IBKR, Historical Data Limitations).
    """

    def __init__(self) -> None:
        self._messages: deque[float] = deque()
        self._requests: deque[tuple[float, str, tuple[str, ...]]] = deque()

    def violation(self, name: str, values: Values) -> tuple[int, str] | None:
        """Count a request; return the error that refuses it, or None."""
        now = time.monotonic()
        self._messages.append(now)
        while self._messages[0] < now - 1:
            self._messages.popleft()
        if len(self._messages) > MESSAGES_PER_SECOND:
            return 100, "Max rate of messages per second has been exceeded."
        if name != "reqHistoricalData":
            return None
        while self._requests and self._requests[0][0] < now - SAME_REQUEST_SECONDS:
            self._requests.popleft()
        contract = values["symbol"] or values["conId"]
        content = tuple(value for field, value in values.items() if field != "reqId")
        recent = [at for at, other, _ in self._requests if other == contract and at > now - SAME_CONTRACT_SECONDS]
        is_same = any(other == content for _, _, other in self._requests)
        self._requests.append((now, contract, content))
        return (162, PACING_VIOLATION) if is_same or len(recent) >= SAME_CONTRACT - 1 else None
