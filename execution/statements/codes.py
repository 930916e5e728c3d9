"""Codes of what can differ between a statement and the ledger: what each demands, and what a person does."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class ExceptionCode(StrEnum):
    """Kinds of exceptions, in the order in which they are looked for."""

    TRADE_MISSING_IN_LEDGER = "TRADE_MISSING_IN_LEDGER"
    TRADE_MISSING_AT_BROKER = "TRADE_MISSING_AT_BROKER"
    TRADE_CANCELLED = "TRADE_CANCELLED"
    TRADE_DIFFERS = "TRADE_DIFFERS"
    COMMISSION_DIFFERS = "COMMISSION_DIFFERS"
    POSITION_DIFFERS = "POSITION_DIFFERS"
    CASH_DIFFERS = "CASH_DIFFERS"
    MOVEMENT_CHANGED = "MOVEMENT_CHANGED"
    MOVEMENT_UNKNOWN = "MOVEMENT_UNKNOWN"

    @property
    def demand(self) -> str:
        """Condition that does not hold."""
        return _DEMANDS[self].demand

    @property
    def remedy(self) -> str:
        """Advice before somebody signs."""
        return _DEMANDS[self].remedy


class _Advice(NamedTuple):
    demand: str
    remedy: str


_DEMANDS = MappingProxyType(
    {
        ExceptionCode.TRADE_MISSING_IN_LEDGER: _Advice(
            "Every trade of the statement has its execution in the ledger.",
            "Find out who traded: you, by hand, or another program. Then `swing resume --accept-positions`, and sign.",
        ),
        ExceptionCode.TRADE_MISSING_AT_BROKER: _Advice(
            "Every execution of the ledger in the statement's days stands in the statement.",
            "Ask the broker: the trade was busted, or the query leaves it out. Compare the position before you sign.",
        ),
        ExceptionCode.TRADE_CANCELLED: _Advice(
            "No trade of an earlier statement is cancelled without another in its place.",
            "The broker has taken a trade back: `swing resume --accept-positions`, then sign.",
        ),
        ExceptionCode.TRADE_DIFFERS: _Advice(
            "A trade has the same symbol, side, quantity and price in both.",
            "Compare with the broker's page: a correction may have come after the gateway's last report.",
        ),
        ExceptionCode.COMMISSION_DIFFERS: _Advice(
            "A trade has the same commission in both, to the cent and in the same currency.",
            "Compare with the broker's page. Sign; if it differs every day, correct costs.commission_per_share.",
        ),
        ExceptionCode.POSITION_DIFFERS: _Advice(
            "The shares at the end of the statement are those that the ledger expects.",
            "Find the trade, split or transfer behind it; then `swing resume --accept-positions`, and sign.",
        ),
        ExceptionCode.CASH_DIFFERS: _Advice(
            "The statement's cash, by currency, is what it began with, its trades and the movements that are entered.",
            "Look for what moved cash and is in no section: tick every kind of cash transaction in the query.",
        ),
        ExceptionCode.MOVEMENT_CHANGED: _Advice(
            "A cash transaction has the same content in every statement.",
            "The broker has restated it: the newest statement's counts. Compare with its page, then sign.",
        ),
        ExceptionCode.MOVEMENT_UNKNOWN: _Advice(
            "A cash transaction is of a kind that is known.",
            "It counts as income, not as a deposit. Compare with the broker's page, then sign.",
        ),
    }
)
