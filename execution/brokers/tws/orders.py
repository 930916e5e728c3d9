"""Orders and executions as the wire reports them; nothing here is concluded from an error."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING

from execution.models import (
    CURRENCY,
    MARK,
    CommissionReport,
    Execution,
    Order,
    OrderRef,
    OrderReport,
    OrderStatus,
    Side,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from execution.brokers.tws.library import Foreign
    from execution.models import Report

_STATUSES = MappingProxyType(
    {
        "ApiPending": OrderStatus.PENDING,
        "PendingSubmit": OrderStatus.PENDING,
        "PreSubmitted": OrderStatus.SUBMITTED,
        "Submitted": OrderStatus.SUBMITTED,
        "PendingCancel": OrderStatus.PENDING_CANCEL,
        "Filled": OrderStatus.FILLED,
        "ApiCancelled": OrderStatus.CANCELLED,
        "Cancelled": OrderStatus.CANCELLED,
        "Inactive": OrderStatus.INACTIVE,
    }
)
_SIDES = MappingProxyType({"BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL, "SSHORT": Side.SELL})
_DEAD = {OrderStatus.CANCELLED, OrderStatus.INACTIVE}

Key = int | str
"""Permanent id of an order, or its reference before it has one."""


def _status(word: str, order_ref: str) -> OrderStatus:
    """Return the meaning of a status; an unknown one of an order that is not ours counts as open.

    Raises:
        KeyError: It is unknown, and of our order; the decoder reports that as a lost message.
    """
    if word in _STATUSES or is_ours(order_ref):
        return _STATUSES[word]
    return OrderStatus.SUBMITTED


def is_ours(order_ref: str) -> bool:
    """Return True for a reference in the form of ours, of whatever ledger."""
    try:
        OrderRef.parse(order_ref.partition(MARK)[0])
    except ValueError:
        return False
    return True


class KnownOrders:
    """The orders and executions of one account, as far as this connection was told; passes on each change once."""

    def __init__(self, client_id: int, tell: Callable[[Report], None], ledger_id: str = "") -> None:
        self._client_id = client_id
        self._tell = tell
        self._mark = f"{MARK}{ledger_id}" if ledger_id else ""
        self._refs: dict[int, str] = {}
        self._reports: dict[Key, OrderReport] = {}
        self._early: dict[int, Decimal] = {}
        self._reasons: dict[str, str] = {}
        self._executions: set[str] = set()
        self._told: set[str] = set()
        self._commissions: dict[str, CommissionReport] = {}
        self.account_id = ""
        """Account whose messages count; all do while it is empty."""
        self.next_id = 1
        """Above every number that the broker has named, so that none is used twice, even after a rollback."""

    def reserve(self, above: int) -> int:
        """Return a number that is free, and greater than `above`."""
        number = max(self.next_id, above + 1)
        self.next_id = number + 1
        return number

    def sent(self, order: Order, number: int) -> None:
        """Note that an order leaves now under a number."""
        self.next_id = max(self.next_id, number + 1)
        self._refs[number] = order.order_ref

    def marked(self, order_ref: str) -> str:
        """Return a reference as the broker is told it."""
        return order_ref + self._mark

    def reference(self, number: int) -> str:
        """Return the reference of this client's order of that number; empty if unknown."""
        return self._refs.get(number, "")

    def number(self, order_ref: str) -> int | None:
        """Return the number by which this client can cancel an order; None if it cannot."""
        return next((number for number, known in self._refs.items() if known == order_ref), None)

    def explain(self, number: int, text: str) -> None:
        """Note the reason for which an order ended or will end."""
        order_ref = self.reference(number)
        self._reasons[order_ref] = text
        for report in list(self._reports.values()):
            if report.order_ref == order_ref and order_ref:
                self._keep(report)

    def reports(self, keys: Iterable[Key]) -> tuple[OrderReport, ...]:
        """Return the newest report of each of these orders."""
        return tuple(self._reports[key] for key in dict.fromkeys(keys))

    @property
    def executions_told(self) -> int:
        """Number of executions that came unasked; it grows while an account is changing."""
        return len(self._told)

    def lacking(self, executions: Iterable[Execution]) -> list[str]:
        """Return the ids of known executions that are not in an answer that should have them all."""
        return sorted(self._executions - {execution.exec_id for execution in executions})

    def with_commission(self, execution: Execution) -> Execution:
        """Return an execution with its commission, if that is known by now."""
        known = self._commissions.get(execution.exec_id)
        return replace(execution, commission=known.commission) if known else execution

    def on_valid_id(self, number: int) -> None:
        """Take the broker's next number; a lower one has been rolled back."""
        self.next_id = max(self.next_id, number)

    def on_open_order(self, number: int, contract: Foreign, order: Foreign, state: Foreign) -> Key | None:
        """Take an openOrder message; return the key of its report, None if it is not ours."""
        if order.clientId == self._client_id:
            self.next_id = max(self.next_id, number + 1)
            # A number may come from another session; one under which an order left here stays that order's.
            self._refs.setdefault(number, order.orderRef.removesuffix(self._mark))
        if not self.is_ours(order.account, contract):
            return None
        report = self._described(contract, order)
        report = replace(report, status=_status(state.status, report.order_ref))
        filled = self._early.pop(report.permanent_id, report.filled)
        if report.status is OrderStatus.FILLED and report.quantity is not None:
            filled = report.quantity
        elif told := self._reports.get(report.permanent_id):
            filled = max(filled, told.filled)
        return self._keep(replace(report, filled=filled))

    def on_order_status(self, *message: Foreign) -> None:
        """Take an orderStatus message; one that comes before the description of its order waits for it.

        Its number is no identity: it may be that of an order of another session.
        """
        _number, status, filled, _remaining, _average, permanent_id, *_ = message
        told = self._reports.get(permanent_id)
        if told is None:
            self._early[permanent_id] = exact(filled)
        else:
            self._keep(replace(told, status=_status(status, told.order_ref), filled=exact(filled)))

    def on_completed_order(self, contract: Foreign, order: Foreign, state: Foreign) -> Key | None:
        """Take a completedOrder message; return the key of its report, None if it is not ours."""
        if not self.is_ours(order.account, contract):
            return None
        report = replace(
            self._described(contract, order),
            status=_status(state.status, order.orderRef),
            filled=exact(order.filledQuantity if known(order.filledQuantity) else 0),
        )
        if report.status is not OrderStatus.FILLED:  # whatever it was last, it is over
            report = replace(report, status=OrderStatus.CANCELLED, reason=state.completedStatus)
        told = self._reports.get(report.permanent_id)
        if told and report.quantity is None:
            report = replace(report, quantity=told.quantity)
        return self._keep(report)

    def on_execution(self, request: int, contract: Foreign, done: Foreign) -> Execution | None:
        """Take an execDetails message; None if it is not ours."""
        if done.clientId == self._client_id:
            self.next_id = max(self.next_id, done.orderId + 1)
        if not self.is_ours(done.acctNumber, contract):
            return None
        base_id, revision = identity(done.execId)
        execution = Execution(
            exec_id=done.execId,
            base_id=base_id,
            revision=revision,
            order_ref=self._order_ref(done),
            permanent_id=done.permId,
            account_id=done.acctNumber,
            symbol=symbol_of(contract),
            side=_SIDES[done.side],
            quantity=exact(done.shares),
            price=exact(done.price),
            executed_at=done.time,
            contract_id=contract.conId,
        )
        self._executions.add(execution.exec_id)
        if request < 0 and execution.exec_id not in self._told:
            self._told.add(execution.exec_id)
            self._tell(self.with_commission(execution))
        return execution

    def on_commission(self, report: Foreign) -> None:
        """Take a commissionReport message; one that states no amount yet waits for the next."""
        if not known(report.commission):
            return
        commission = CommissionReport(report.execId, exact(report.commission), report.currency or CURRENCY)
        if self._commissions.get(report.execId) != commission:
            self._commissions[report.execId] = commission
            if report.execId in self._told:
                self._tell(commission)

    def is_ours(self, account_id: str, contract: Foreign) -> bool:
        """Return True for a message about US shares in the account: an option, too, bears the symbol of its stock."""
        is_share = contract.secType == "STK" and contract.currency == CURRENCY
        return is_share and self.account_id in {"", account_id}

    def _order_ref(self, done: Foreign) -> str:
        """Return the reference of an execution's order, from the order itself if the execution states none."""
        told = self._reports.get(done.permId)
        return done.orderRef.removesuffix(self._mark) or (told.order_ref if told else "")

    def _described(self, contract: Foreign, order: Foreign) -> OrderReport:
        return OrderReport(
            order_ref=order.orderRef.removesuffix(self._mark),
            permanent_id=order.permId,
            account_id=order.account,
            symbol=symbol_of(contract),
            side=_SIDES[order.action],
            quantity=(exact(order.totalQuantity) or None) if known(order.totalQuantity) else None,
            filled=Decimal(0),
            status=OrderStatus.PENDING,
            contract_id=contract.conId,
        )

    def _keep(self, report: OrderReport) -> Key:
        if report.status in _DEAD and not report.reason:
            report = replace(report, reason=self._reasons.get(report.order_ref, ""))
        key = report.permanent_id or report.order_ref
        if self._reports.get(key) != report:
            self._reports[key] = report
            self._tell(report)
        return key


def symbol_of(contract: Foreign) -> str:
    """Return our symbol of a contract: a class share has a dot where the broker writes a blank."""
    return str(contract.symbol).replace(" ", ".")


def identity(exec_id: str) -> tuple[str, int]:
    """Return base id and revision: a correction repeats an execution's id but for the number after its last dot."""
    base_id, _, revision = exec_id.rpartition(".")
    return (base_id, int(revision)) if base_id and revision.isdecimal() else (exec_id, 0)


UNSET = frozenset({2**31 - 1, 2**63 - 1, 2**127 - 1})
"""Whole numbers by which the broker says that it does not know yet."""
UNSET_ABOVE = 1e300
"""The broker's unset double is the greatest there is."""


def known(number: float | Decimal) -> bool:
    """Return True if a number of the broker's is one, and none of those that stand for an unknown one."""
    return isfinite(number) and abs(float(number)) < UNSET_ABOVE and number not in UNSET


def exact(number: float) -> Decimal:
    """Return a number of the decoder with the digits of the wire. Raises ValueError if it is unknown."""
    if not known(number):
        raise ValueError(f"{number} stands for a number that is not known")
    return Decimal(int(number)) if number == int(number) else Decimal(str(number))
