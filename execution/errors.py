"""Every failure of a trade that a user can meet, as one tree; exit codes go on from the warehouse's.

SwingError
└── ExecutionError                 8   a rebalance did not do what was asked
    ├── BrokerError                9   the gateway cannot be reached, or does not answer in time
    │   └── BrokerRefusedError    10   the gateway refused: permission, login, client id, version
    ├── TradeRefusedError         11   a check forbids the whole rebalance; nothing was sent
    ├── StateDisagreesError       12   ledger and broker disagree; nothing is sent until a person has looked
    │   ├── OrderHeldError        16   the gateway holds an order until a person answers
    │   └── OrderUnseenError      17   an order left and was never shown
    ├── HaltedError               13   trading is halted
    ├── LedgerError               14   the ledger cannot be opened, read or written
    │   └── LedgerBusyError       15   another process is trading this account
    └── ExitIncompleteError       18   the emergency exit has left orders or positions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from execution.refusals import Refusal


class ExecutionError(SwingError):
    """A rebalance did not do what was asked."""

    exit_code = 8


class BrokerError(ExecutionError):
    """The gateway cannot be reached, or does not answer in time; trying again may help."""

    exit_code = 9


class BrokerRefusedError(BrokerError):
    """The gateway refused; trying again unchanged does not help."""

    exit_code = 10


class TradeRefusedError(ExecutionError):
    """A check forbids the whole rebalance; nothing was sent."""

    exit_code = 11

    def __init__(self, message: str, refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(message)
        self.refusals = tuple(refusals)


class StateDisagreesError(ExecutionError):
    """Ledger and broker disagree; nothing is sent until a person has looked."""

    exit_code = 12


class OrderHeldError(StateDisagreesError):
    """The gateway holds an order until a person answers; delete it there."""

    exit_code = 16


class OrderUnseenError(StateDisagreesError):
    """An order left and was never shown: nobody knows if it will fill, until a person has looked."""

    exit_code = 17


class HaltedError(ExecutionError):
    """Trading is halted until `swing resume`."""

    exit_code = 13


class LedgerError(ExecutionError):
    """The ledger cannot be opened, read or written."""

    exit_code = 14


class LedgerBusyError(LedgerError):
    """Another process is trading this account."""

    exit_code = 15


class ExitIncompleteError(ExecutionError):
    """The emergency exit has left orders or positions; they are named."""

    exit_code = 18
