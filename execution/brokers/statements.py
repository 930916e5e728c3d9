"""The seam between the ledger and a broker's own statement of what an account did: values, and how one is had."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from pydantic import SecretStr

    from execution.models import Side


class MovementKind(StrEnum):
    """Reasons for which cash comes and goes without a trade."""

    DIVIDEND = "dividend"
    WITHHOLDING_TAX = "withholding_tax"
    INTEREST = "interest"
    FEE = "fee"
    DEPOSIT = "deposit"
    """Paid in; a negative amount was withdrawn."""
    OTHER = "other"
    """A kind that is not known here; a person signs for it."""


@dataclass(frozen=True, slots=True)
class CashMovement:
    """Cash that came or went without a trade, as a statement lists it.

    Attributes:
        transaction_id: The broker's; a reversal has one of its own.
        amount: In `currency`; negative if it went.
        base_amount: In the account's base currency.
        day: Of the statement that books it.
        happened_at: Booking; the end of its day where only that is stated.
        symbol: Empty for none.
        words: The broker's, of the kind and the occasion.
        stated_at: When the statement that first brought it was made.
    """

    transaction_id: str
    kind: MovementKind
    amount: Decimal
    currency: str
    base_amount: Decimal
    day: date
    happened_at: datetime
    symbol: str
    words: str
    stated_at: datetime

    @property
    def identity(self) -> str:
        """Key in the ledger: the transaction and its content, so that a changed one is seen and a repeated one not."""
        content = (self.kind, f"{self.amount.normalize():f}", self.currency, self.day)
        return f"{self.transaction_id}/{hashlib.sha256(repr(tuple(map(str, content))).encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class StatedTrade:
    """A trade as a statement lists it, or the cancellation of one.

    Attributes:
        exec_id: As in Execution; empty for a cancellation.
        base_id: As in Execution.
        revision: As in Execution.
        trade_id: Shared by a trade, its cancellation and what replaces it.
        transaction_id: The broker's, of this row.
        side: Of the trade; of a cancellation that of what it cancels.
        quantity: Shares, above 0.
        commission: A cost; negative if it was given back.
        cash: Change of the cash by currency, commission included; of a cancellation what it gives back.
        is_share: False for a conversion of currencies, an option and the like.
    """

    exec_id: str
    base_id: str
    revision: int
    trade_id: str
    transaction_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_currency: str
    executed_at: datetime
    cash: Mapping[str, Decimal]
    is_share: bool = True
    is_cancellation: bool = False


@dataclass(frozen=True, slots=True)
class StatedCash:
    """Cash in one currency at the beginning and the end of a statement."""

    currency: str
    starting: Decimal
    ending: Decimal


@dataclass(frozen=True, slots=True)
class BrokerStatement:
    """A broker's statement of an account over some days.

    Attributes:
        first_day: Of the days that it covers, New York.
        generated_at: When the broker made it.
        currency: The account's base currency; empty where it is not stated.
        positions: Shares by symbol at the end of `last_day`, without zeros.
        cash: By currency.
        base_cash: All cash at the end, in the base currency; None where it is not stated.
        missing: Sections that it should have, and has not.
    """

    account_id: str
    first_day: date
    last_day: date
    generated_at: datetime
    currency: str
    trades: tuple[StatedTrade, ...]
    positions: Mapping[str, Decimal]
    cash: tuple[StatedCash, ...]
    base_cash: Decimal | None
    movements: tuple[CashMovement, ...]
    missing: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True if it has every section."""
        return not self.missing

    @property
    def effective_trades(self) -> tuple[StatedTrade, ...]:
        """Trades that stand: without cancellations, and what these cancel within the statement."""
        by_trade: dict[str, list[StatedTrade]] = defaultdict(list)
        for trade in self.trades:
            by_trade[trade.trade_id or trade.exec_id].append(trade)
        found = []
        for rows in by_trade.values():
            made = sorted(
                (row for row in rows if not row.is_cancellation), key=lambda row: (row.revision, row.transaction_id)
            )
            found += made[min(len(rows) - len(made), len(made)) :]
        return tuple(found)

    @property
    def cancelled_before(self) -> tuple[StatedTrade, ...]:
        """Cancellations of trades that an earlier statement has, and that nothing replaces here."""
        made = {trade.trade_id for trade in self.trades if not trade.is_cancellation}
        return tuple(trade for trade in self.trades if trade.is_cancellation and trade.trade_id not in made)

    def traded_cash(self) -> dict[str, Decimal]:
        """Return the change of the cash by currency that its trades made, cancellations included."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for trade in self.trades:
            for currency, amount in trade.cash.items():
                found[currency] += amount
        return dict(found)


@dataclass(frozen=True, slots=True)
class StatementAccess:
    """The way to a broker's statements; the secrets are never shown."""

    url: str
    token: SecretStr
    query_id: SecretStr


@dataclass(frozen=True, slots=True)
class StatementAdapter:
    """Entry of a broker that makes statements.

    Attributes:
        pull: Returns the newest document as it came. Raises StatementError.
        read: Returns the statements that a document holds, by their first days. Raises StatementError.
    """

    pull: Callable[[StatementAccess], bytes]
    read: Callable[[bytes], tuple[BrokerStatement, ...]]
