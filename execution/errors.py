"""Every failure of a trade that a user can meet, as one tree; exit codes go on from the warehouse's.

SwingError
└── ExecutionError                 8   a rebalance did not do what was asked
    ├── BrokerError                9   the gateway cannot be reached, or does not answer in time
    │   └── BrokerRefusedError    10   the gateway refused: permission, login, client id, version
    ├── TradeRefusedError         11   a check forbids the whole rebalance; nothing was sent
    │   └── LiveRefusedError      24   real money is not traded yet, or what is traded has changed
    ├── PhaseError                25   a phase cannot be entered, or its paper period is not met
    ├── StateDisagreesError       12   ledger and broker disagree; nothing is sent until a person has looked
    │   ├── OrderHeldError        16   the gateway holds an order until a person answers
    │   └── OrderUnseenError      17   an order left and was never shown
    ├── HaltedError               13   trading is halted
    ├── LedgerError               14   the ledger cannot be opened, read or written
    │   └── LedgerBusyError       15   another process is trading this account
    ├── ExitIncompleteError       18   the emergency exit has left orders or positions
    ├── StatementError            30   the broker's statement cannot be had or read until a person acts
    │   └── StatementUnavailableError 31   … and may be had later
    └── StatementDiffersError     32   the broker's statement and the ledger differ, and nobody has signed for it
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
    remedy = "Do what the message says; `swing status` shows how things stand."


class BrokerError(ExecutionError):
    """The gateway cannot be reached, or does not answer in time; trying again may help."""

    exit_code = 9
    is_transient = True
    remedy = "Start the gateway and log in; the next tick tries again until a minute before the close."


class BrokerRefusedError(BrokerError):
    """The gateway refused; trying again unchanged does not help."""

    exit_code = 10
    is_transient = False
    remedy = "`swing connect` says which setting; of orders, the message names what mends it."


class TradeRefusedError(ExecutionError):
    """A check forbids the whole rebalance; nothing was sent."""

    exit_code = 11
    remedy = "Read the refusal (docs/runbook.md, section 7); the next session trades."

    def __init__(self, message: str, refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(message)
        self.refusals = tuple(refusals)


class LiveRefusedError(TradeRefusedError):
    """Real money is not traded before its paper period is met, nor after what is traded has changed."""

    exit_code = 24
    remedy = "`swing phase` says what is missing; `swing validate` measures the paper period."


class PhaseError(ExecutionError):
    """A phase cannot be entered: no evidence, no reason, or a paper period that is not met."""

    exit_code = 25
    remedy = "Do what the message says; `swing phase` shows how things stand."


class StateDisagreesError(ExecutionError):
    """Ledger and broker disagree; nothing is sent until a person has looked."""

    exit_code = 12
    remedy = "Compare the message with TWS, then accept or release; or `swing reconcile` after the close."


class OrderHeldError(StateDisagreesError):
    """The gateway holds an order until a person answers; delete it there."""

    exit_code = 16
    remedy = "Find the gateway's window or its Transmit button and delete the order there; never transmit it."


class OrderUnseenError(StateDisagreesError):
    """An order left and was never shown: nobody knows if it will fill, until a person has looked."""

    exit_code = 17
    remedy = "Look for the order in the gateway, delete it there if it is, and compare the positions."


class HaltedError(ExecutionError):
    """Trading is halted until `swing resume`."""

    exit_code = 13
    remedy = "`swing resume`, if you know why it was halted."


class LedgerError(ExecutionError):
    """The ledger cannot be opened, read or written."""

    exit_code = 14
    remedy = "Free the disk, start the ledger's server, or compare it with a backup."


class LedgerBusyError(LedgerError):
    """Another process is trading this account."""

    exit_code = 15
    is_transient = True
    remedy = "Wait until the other process has ended; nothing that it did is done twice."


class ExitIncompleteError(ExecutionError):
    """The emergency exit has left orders or positions; they are named."""

    exit_code = 18
    remedy = "Call the same command again, or close what it names in TWS."


class StatementError(ExecutionError):
    """The broker's statement cannot be had, read or used until a person changes something."""

    exit_code = 30
    remedy = "Do what the message says about token, query or account (docs/statements.md)."


class StatementUnavailableError(StatementError):
    """The broker's statement service is not there, busy or not ready; a later pull may have it."""

    exit_code = 31
    is_transient = True
    remedy = "The schedule pulls again the next morning; `swing reconcile --statement pulled` does now."


class StatementDiffersError(ExecutionError):
    """The broker's statement and the ledger differ in something that nobody has signed for."""

    exit_code = 32
    remedy = 'Compare each exception with the broker\'s page, then `swing reconcile --sign ID --reason "…"`.'
