"""Refusals: what is not traded and why, as coded data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class RefusalCode(StrEnum):
    """Reason why something is not traded, as CATEGORY_CONDITION."""

    TARGETS_MISSING = "TARGETS_MISSING"
    TARGETS_STALE = "TARGETS_STALE"
    TARGETS_IMPLAUSIBLE = "TARGETS_IMPLAUSIBLE"
    TARGETS_FOREIGN = "TARGETS_FOREIGN"
    UNIVERSE_WITHOUT_BARS = "UNIVERSE_WITHOUT_BARS"
    TARGETS_HELD = "TARGETS_HELD"
    PRICE_MISSING = "PRICE_MISSING"
    PRICE_STALE = "PRICE_STALE"
    PRICE_IMPLAUSIBLE = "PRICE_IMPLAUSIBLE"
    EQUITY_JUMP = "EQUITY_JUMP"
    EQUITY_NOT_POSITIVE = "EQUITY_NOT_POSITIVE"
    POSITION_SHORT = "POSITION_SHORT"
    HOLDING_SET_ASIDE = "HOLDING_SET_ASIDE"
    TRADE_WITHIN_BAND = "TRADE_WITHIN_BAND"
    TRADE_TOO_SMALL = "TRADE_TOO_SMALL"
    CASH_UNSETTLED = "CASH_UNSETTLED"
    CASH_SHORT = "CASH_SHORT"
    CASH_GOOD_FAITH = "CASH_GOOD_FAITH"
    LIMIT_ORDERS_A_DAY = "LIMIT_ORDERS_A_DAY"
    LIMIT_ORDER_VALUE = "LIMIT_ORDER_VALUE"
    LIMIT_DAY_VALUE = "LIMIT_DAY_VALUE"
    LIMIT_DAY_TRADES = "LIMIT_DAY_TRADES"
    LIMIT_WEIGHT = "LIMIT_WEIGHT"
    MODE_REDUCE_ONLY = "MODE_REDUCE_ONLY"
    SESSION_CLOSED = "SESSION_CLOSED"
    SESSION_TOO_EARLY = "SESSION_TOO_EARLY"
    SESSION_TOO_LATE = "SESSION_TOO_LATE"
    SESSION_DONE = "SESSION_DONE"
    FRACTIONS_REFUSED = "FRACTIONS_REFUSED"
    ACCOUNT_NOT_PAPER = "ACCOUNT_NOT_PAPER"
    ACCOUNT_UNEXPECTED = "ACCOUNT_UNEXPECTED"
    PHASE_NOT_LIVE = "PHASE_NOT_LIVE"
    CLOCK_DISAGREES = "CLOCK_DISAGREES"
    STATE_DISAGREES = "STATE_DISAGREES"

    @property
    def meaning(self) -> str:
        """The reason and what to do, for the documentation; its first sentence is the reason."""
        return _MEANINGS[self]

    @property
    def is_transient(self) -> bool:
        """True if the next session may trade it without anybody's doing."""
        return self in _TRANSIENT


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was not traded, and the numbers that decided it.

    Attributes:
        symbol: Its symbol; empty when the whole rebalance is stopped.
        numbers: The values compared, by name, as text: amounts, quantities, times.
    """

    code: RefusalCode
    message: str
    symbol: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)


_TRANSIENT = frozenset(
    {
        RefusalCode.PRICE_STALE,
        RefusalCode.HOLDING_SET_ASIDE,
        RefusalCode.TRADE_WITHIN_BAND,
        RefusalCode.TRADE_TOO_SMALL,
        RefusalCode.CASH_UNSETTLED,
        RefusalCode.CASH_SHORT,
        RefusalCode.CASH_GOOD_FAITH,
        RefusalCode.LIMIT_ORDERS_A_DAY,
        RefusalCode.LIMIT_ORDER_VALUE,
        RefusalCode.LIMIT_DAY_VALUE,
        RefusalCode.LIMIT_DAY_TRADES,
        RefusalCode.LIMIT_WEIGHT,
        RefusalCode.SESSION_CLOSED,
        RefusalCode.SESSION_TOO_EARLY,
        RefusalCode.SESSION_TOO_LATE,
        RefusalCode.SESSION_DONE,
    }
)
_MEANINGS = MappingProxyType(
    {
        RefusalCode.TARGETS_MISSING: "There are no target weights. Run the pipeline; until then nothing is traded.",
        RefusalCode.TARGETS_STALE: "The target weights have not seen the bars they should have. Run the pipeline.",
        RefusalCode.TARGETS_IMPLAUSIBLE: (
            "A target weight is negative or above strategy.max_weight, or together they are more than 1. Look at "
            "live_targets."
        ),
        RefusalCode.TARGETS_FOREIGN: (
            "The target weights were built with other parameters than today's, or by another version of the program. "
            "Run the pipeline."
        ),
        RefusalCode.UNIVERSE_WITHOUT_BARS: (
            "A symbol of the universe has no bar at all, so it is never held. Correct the typo, or fetch its bars."
        ),
        RefusalCode.TARGETS_HELD: (
            "The newest bars of a symbol are in quarantine, so it keeps its last good weight; or most are doubted, so "
            "all targets stay those of the last good session (docs/data.md, Gates). Mend the bars; `swing acknowledge` "
            "lets bars pass that are right."
        ),
        RefusalCode.PRICE_MISSING: (
            "A symbol that is held or wanted has no price, or no final bar to judge one by. Fetch its bars, check the "
            "market data subscription, or sell it by hand."
        ),
        RefusalCode.PRICE_STALE: "A price is older than limits.price_age_minutes. Check the market data connection.",
        RefusalCode.PRICE_IMPLAUSIBLE: (
            "A price is no positive amount of the account's currency, or has moved by more than "
            "limits.price_move_sigmas of the symbol's volatility without its peers. Compare it with a second source."
        ),
        RefusalCode.EQUITY_JUMP: (
            "What is held is worth much more than the broker says, or much more or less than the ledger remembers. "
            "Look for deposits, withdrawals and wrong prices."
        ),
        RefusalCode.EQUITY_NOT_POSITIVE: "The account is worth nothing. Fund it.",
        RefusalCode.POSITION_SHORT: "A position is negative, which this system never makes. Close it by hand.",
        RefusalCode.HOLDING_SET_ASIDE: (
            "A symbol cannot be priced (halted, delisted, doubted). What is held of it is left as it is and its value "
            "counts; the rest is allocated. It comes back with a sound price; `swing release` leaves it to you."
        ),
        RefusalCode.TRADE_WITHIN_BAND: "The weight is off by less than limits.no_trade_band. Nothing to do.",
        RefusalCode.TRADE_TOO_SMALL: (
            "The trade is worth less than limits.trade_value_minimum, or no share more or less comes nearer to the "
            "targets. Nothing to do."
        ),
        RefusalCode.CASH_UNSETTLED: (
            "A buy waits for sales to settle (T+1); a full rotation takes two sessions in a cash account. The next "
            "session buys it."
        ),
        RefusalCode.CASH_SHORT: (
            "There is not enough cash for a buy, whatever settles. It is bought as far as the cash goes."
        ),
        RefusalCode.CASH_GOOD_FAITH: (
            "Shares were bought with unsettled money, and selling them before it has settled would violate good "
            "faith. They are sold once it has."
        ),
        RefusalCode.LIMIT_ORDERS_A_DAY: (
            "More orders are needed than limits.orders_per_session. What is furthest from its target goes first, and "
            "the rest in the next session."
        ),
        RefusalCode.LIMIT_ORDER_VALUE: (
            "A trade is worth more than limits.order_value. That much is traded, and the rest in the next session; "
            "raise the limit if the account has grown."
        ),
        RefusalCode.LIMIT_DAY_VALUE: (
            "The session's trades are worth more than limits.day_value. Sales go first, and the rest in the next "
            "session; raise the limit if the account has grown."
        ),
        RefusalCode.LIMIT_DAY_TRADES: (
            "It would be bought and sold within one session more often than limits.day_trades allows in five. It "
            "waits for the next session."
        ),
        RefusalCode.LIMIT_WEIGHT: (
            "One lot more would lift the weight above strategy.max_weight and limits.weight_excess. It stays below."
        ),
        RefusalCode.MODE_REDUCE_ONLY: (
            "Trading is in reduce-only mode: sales go on, buys do not. `swing resume` ends it."
        ),
        RefusalCode.SESSION_CLOSED: "There is no session now, or it is over. The next session trades.",
        RefusalCode.SESSION_TOO_EARLY: (
            "The rebalance begins trading.minutes_before_close before the close. Wait for it."
        ),
        RefusalCode.SESSION_TOO_LATE: (
            "Nothing is sent in the last minute before the close. The next session trades; find out what made the run "
            "late."
        ),
        RefusalCode.SESSION_DONE: "This session's rebalance, or this trade of it, was already made. Nothing to do.",
        RefusalCode.FRACTIONS_REFUSED: (
            "A part of a share cannot be traded over the broker's interface. Trade it by hand, or set "
            "broker.fractional if the account can."
        ),
        RefusalCode.ACCOUNT_NOT_PAPER: (
            "A paper run met an account that is not a simulated one. Check broker.port and the login."
        ),
        RefusalCode.ACCOUNT_UNEXPECTED: (
            "The gateway's account is not the one that was named. Check broker.account and the login."
        ),
        RefusalCode.PHASE_NOT_LIVE: (
            "Real money is not traded before the paper period is met, nor after what was frozen has changed. "
            "`swing phase` says what is missing."
        ),
        RefusalCode.CLOCK_DISAGREES: (
            "Our clock and the broker's, or a price's, differ. Set this machine's clock by NTP."
        ),
        RefusalCode.STATE_DISAGREES: (
            "Ledger and broker disagree about orders, executions or positions. Nothing is sent until a person has "
            "looked."
        ),
    }
)
