"""Codes of the preflight's checks: what each demands, and what to do when it is not so."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from execution.brokers.base import Level
from execution.ledger.watch_events import Check


class CheckCode(StrEnum):
    """Subjects of the checks, in the order in which they are made and shown."""

    CONFIGURATION = "CONFIGURATION"
    GATEWAY = "GATEWAY"
    LOGIN = "LOGIN"
    ACCOUNT = "ACCOUNT"
    API_ACCESS = "API_ACCESS"
    MARKET_DATA = "MARKET_DATA"
    CLOCK = "CLOCK"
    DISK = "DISK"
    WAREHOUSE = "WAREHOUSE"
    LEDGER = "LEDGER"
    CALENDAR = "CALENDAR"
    RECONCILIATION = "RECONCILIATION"
    STATEMENTS = "STATEMENTS"
    BARS = "BARS"
    BAR_QUALITY = "BAR_QUALITY"
    CORPORATE_ACTIONS = "CORPORATE_ACTIONS"
    SWITCH = "SWITCH"
    PHASE = "PHASE"
    SCHEDULES = "SCHEDULES"
    DAEMON = "DAEMON"
    ALERTS = "ALERTS"

    @property
    def demand(self) -> str:
        """Condition that it looks at."""
        return _DEMANDS[self].demand

    @property
    def remedy(self) -> str:
        """Advice for when the condition does not hold."""
        return _DEMANDS[self].remedy

    @property
    def is_transient(self) -> bool:
        """True if it may hold again by itself; False if a person has to act."""
        return self in {CheckCode.GATEWAY, CheckCode.MARKET_DATA}

    def ok(self, message: str) -> Check:
        """Return a row that needs nothing."""
        return Check(self, Level.OK, message)

    def warning(self, message: str, remedy: str = "") -> Check:
        """Return a row that a person should look at; the rebalance goes on."""
        return Check(self, Level.WARNING, message, remedy or self.remedy)

    def failure(self, message: str, remedy: str = "") -> Check:
        """Return a row for which the next rebalance would fail, or go unnoticed."""
        return Check(self, Level.FAILURE, message, remedy or self.remedy)


class _Demand(NamedTuple):
    demand: str
    remedy: str


_DEMANDS = MappingProxyType(
    {
        CheckCode.CONFIGURATION: _Demand(
            "portfolio.yaml is valid as a whole.", "Correct the lines that are named; `swing status` checks them again."
        ),
        CheckCode.GATEWAY: _Demand(
            "The gateway listens at its port, speaks the protocol, and our client id is free.",
            "Start TWS or IB Gateway and log in; `swing connect` goes step by step.",
        ),
        CheckCode.LOGIN: _Demand(
            "The gateway answers for the account within a time limit: it is logged in, and has its broker.",
            "Look at the gateway's window: it may wait for the login or the second factor. Log in, or restart it cold.",
        ),
        CheckCode.ACCOUNT: _Demand(
            "The gateway's account is the configured one, and of the kind that trading.scheduled_mode trades.",
            "Log in with the right user, or correct broker.account, broker.port or trading.scheduled_confirm.",
        ),
        CheckCode.API_ACCESS: _Demand(
            "The gateway does not say that its API is read-only, as far as it tells without an order.",
            "Clear 'Read-Only API' in the gateway's API settings (docs/runbook.md, section 1).",
        ),
        CheckCode.MARKET_DATA: _Demand(
            "During a session a price comes, no older than limits.price_age_minutes.",
            "Look at the gateway's data connections and at the account's market data subscription.",
        ),
        CheckCode.CLOCK: _Demand(
            "This machine's clock and the gateway's differ by at most ten seconds.",
            "Let this machine keep its time by NTP.",
        ),
        CheckCode.DISK: _Demand(
            "The disks of the home and of the ledger have room for the next sessions.",
            "Free some space; `swing maintain` forgets old states of the warehouse.",
        ),
        CheckCode.WAREHOUSE: _Demand(
            "The warehouse can be read and written, and holds target weights.",
            "Mend what is named, or restore a backup (docs/runbook.md).",
        ),
        CheckCode.LEDGER: _Demand(
            "The ledger can be read and written, and its chain of digests is whole.",
            "Free the disk, start its server, or compare it with a backup.",
        ),
        CheckCode.CALENDAR: _Demand(
            "The exchange's calendar covers the next month.", "Update this program: it brings the newer calendar."
        ),
        CheckCode.RECONCILIATION: _Demand(
            "The last session's rebalance has ended, and ledger and broker agreed after its close.",
            "`swing reconcile` compares them now; `swing status` shows what differs.",
        ),
        CheckCode.STATEMENTS: _Demand(
            "The broker's own statement of each session is there by the next morning and agrees with the ledger, or a "
            "person has signed for what differs; without a token it is off.",
            "`swing reconcile --statement pulled` pulls one and lists what is to be signed for (docs/statements.md).",
        ),
        CheckCode.BARS: _Demand(
            "Every symbol of the universe has the bars that the exchange's calendar says it should have.",
            "`swing fetch` lands newer bars; it names each symbol that fails, and why.",
        ),
        CheckCode.BAR_QUALITY: _Demand(
            "No gate doubts the newest bars, and nothing of the targets is held.",
            "Import the right bars, or `swing acknowledge` those that are right (docs/data.md, Gates).",
        ),
        CheckCode.CORPORATE_ACTIONS: _Demand(
            "No split of a held symbol is due.",
            "Nothing, if it comes as announced: positions are restated when the broker shows it. Look at the account "
            "after its day.",
        ),
        CheckCode.SWITCH: _Demand(
            "Nobody has halted or restricted trading.", "`swing resume`, when you know why it was stopped."
        ),
        CheckCode.PHASE: _Demand(
            "Where the schedule trades real money, the phase is live.",
            "`swing phase` says what is missing; `swing validate` measures the paper period.",
        ),
        CheckCode.SCHEDULES: _Demand(
            "The schedules that trade, look and watch are switched on.",
            "Switch them on in the UI of `swing dev`, under Automation.",
        ),
        CheckCode.DAEMON: _Demand(
            "The process that runs the schedules is alive.", "Start `swing dev`, or the service that keeps it running."
        ),
        CheckCode.ALERTS: _Demand(
            "At least one channel of alerts is configured, and every URL is understood.",
            "Set alerts.channels in portfolio.yaml; `swing alert --test` tries them.",
        ),
    }
)
