"""Controls of a person outside a rebalance: halt, sell everything, reduce only, resume.

A switch must work when nothing else does, so it is left as a file before the ledger is opened, and whatever fails after
that is told with what is so.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from execution import service
from execution.emergency_exit import sell_everything
from execution.errors import ExecutionError, ExitIncompleteError, LedgerBusyError, LedgerError
from execution.ledger.events import Event, Reconciliation, Release, Scope, SwitchChange
from execution.models import Switch
from execution.orders.cancel import cancel_all
from execution.orders.context import RebalanceRequest
from execution.orders.observe import connect
from execution.switch_files import SwitchFiles
from warehouse.errors import SwingError
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from execution.installation import Installation
    from execution.ledger.ledger import Ledger
    from execution.orders.context import TradingContext

BY_HAND = (
    "By hand, in TWS: right-click in Orders, Cancel All; then right-click each position in Portfolio, Close Position. "
    "The broker's app and its trade desk can do the same."
)
IN_FORCE = {
    Switch.HALTED: "Trading is halted until `swing resume`",
    Switch.REDUCE_ONLY: "From now on the rebalance only sells, until `swing resume`",
    Switch.NORMAL: "Trading goes on as configured",
}
GOOD_FAITH = (
    "{shares} were bought with money that had not settled, and were sold all the same: the broker may count a "
    "good-faith violation. Three in twelve months restrict a cash account to settled cash for 90 days."
)


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt, and what follows it.

    Attributes:
        confirmed_account: A live account that is to be flattened.
        is_gateway_clock: As in RebalanceRequest.
        by: Who halts, for the record; empty for the user of this machine, as in the functions below.
    """

    is_cancelling: bool = False
    is_flattening: bool = False
    confirmed_account: str = ""
    reason: str = ""
    is_gateway_clock: bool = False
    by: str = ""


def halt(installation: Installation, request: Halt) -> Iterator[str]:
    """Halt before anything else can fail, then do the rest; yield a line for each thing that is so.

    Raises:
        LedgerError: The halt stands by a file alone, or not at all; the message says which.
        ExitIncompleteError: Orders or positions are left.
        SwingError: The gateway, the hour or the configuration forbids the rest; the halt stands.
    """
    yield from _set(installation, Switch.HALTED, request.reason, request.by)
    if not (request.is_cancelling or request.is_flattening):
        return
    try:
        with service.open_ledger(installation) as ledger:
            left = yield from _cancel(installation, ledger)  # an open order would stop the sale of its symbol
            if request.is_flattening:
                left += yield from _flatten(installation, request)
    except SwingError:
        yield BY_HAND
        raise
    if left:
        raise ExitIncompleteError(f"Left: {'; '.join(left)}. The same command again goes on from here. {BY_HAND}")


def _cancel(installation: Installation, ledger: Ledger) -> Generator[str, None, list[str]]:
    """Cancel our open orders; yield the fate of each, return those that are still open."""
    try:
        fates = asyncio.run(cancel_all(service.trading_context(installation, ledger)))
    except LedgerBusyError as error:
        yield f"A rebalance is at work: it cancels its open orders itself. ({error})"
        return []
    yield from (str(fate) for fate in fates)
    if not fates:
        yield "There was no open order to cancel."
    return [str(fate) for fate in fates if fate.is_open]


def _flatten(installation: Installation, request: Halt) -> Generator[str, None, list[str]]:
    """Sell everything; yield what was sold, return what is left."""
    mode = Mode.LIVE if request.confirmed_account else Mode.PAPER
    sale = RebalanceRequest(mode, request.confirmed_account, is_gateway_clock=request.is_gateway_clock)
    outcome = service.in_session(installation, sale, lambda context: sell_everything(sale, context))
    sold = ", ".join(f"{shares:f} {symbol}" for symbol, shares in sorted(outcome.sold.items())) or "nothing"
    yield f"Sold in this session from account {outcome.account_id}: {sold}."
    if outcome.unsettled:
        yield GOOD_FAITH.format(shares=", ".join(f"{held:f} {name}" for name, held in outcome.unsettled.items()))
    if not outcome.left:
        yield f"Account {outcome.account_id} holds no position of ours any more."
    return [f"{each.quantity:f} {each.symbol}: {each.reason}" for each in outcome.left]


def reduce_only(installation: Installation, reason: str, by: str = "") -> Iterator[str]:
    """Buy nothing from now on; yield what is so. Raises LedgerError as `halt` does."""
    yield from _set(installation, Switch.REDUCE_ONLY, reason, by)


def resume(installation: Installation, reason: str, *, is_accepting: bool, by: str = "") -> Iterator[str]:
    """Trade as configured from now on; yield a line for each thing that is so.

    Raises:
        LedgerError: Nothing can be recorded, so trading stays as it is.
        ExecutionError: A file that halts trading cannot be removed.
    """
    account, doubt = _account(installation)
    with service.open_ledger(installation) as ledger:
        if is_accepting:
            positions = asyncio.run(accept_positions(service.trading_context(installation, ledger)))
            held = ", ".join(f"{shares} {symbol}" for symbol, shares in positions.items()) or "none"
            yield f"Accepted the broker's positions: {held}."
        ledger.append(Event(Scope(account), SwitchChange(Switch.NORMAL, by or person(), reason)))
        recorded = ledger.name
    left = SwitchFiles.of(installation.home).clear(Switch.HALTED, Switch.REDUCE_ONLY)
    if left:
        names = ", ".join(str(path) for path in left)
        raise ExecutionError(f"Trading goes not on: {names} cannot be removed, and halts it. Remove it by hand.")
    yield f"{IN_FORCE[Switch.NORMAL]}, for {_whose(account)}{doubt}. Recorded in {recorded}."


def release(installation: Installation, symbol: str, reason: str, *, is_undone: bool) -> Iterator[str]:
    """Take a symbol out of the strategy's hands, or give it back; yield what is so. Raises LedgerError."""
    account, doubt = _account(installation)
    with service.open_ledger(installation) as ledger:
        ledger.append(Event(Scope(account), Release(symbol, not is_undone, person(), reason)))
        recorded = ledger.name
    now = "is the strategy's again" if is_undone else "is yours: it is neither counted, bought nor sold any more"
    yield f"{symbol} {now}, for {_whose(account)}{doubt}. Recorded in {recorded}."


async def accept_positions(context: TradingContext) -> dict[str, str]:
    """Record the broker's positions as the baseline from which positions count from now on.

    Returns:
        Shares by symbol.

    Raises:
        BrokerError: The gateway cannot be reached.
    """
    try:
        state = await connect(context)
    finally:
        await context.broker.close()
    account = state.account
    scope = Scope(account.account_id, context.scope.run_id)
    context.ledger.append(Event(scope, Reconciliation(account, state.at, is_baseline=True)))
    return {symbol: f"{held:f}" for symbol, held in sorted(account.positions.items())}


def _set(installation: Installation, switch: Switch, reason: str, by: str) -> Iterator[str]:
    """Leave a switch as a file, then record it for the configured account; without one, for every account.

    Raises:
        LedgerError: It could not be recorded; the message says whether the file stands.
    """
    files, who = SwitchFiles.of(installation.home), by or person()
    place = files.post(switch, f"{switch} at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC by {who}: {reason}")
    account, doubt = _account(installation)
    file = f"the file {place}" if place else "no file, for none could be written"
    try:
        with service.open_ledger(installation) as ledger:
            ledger.append(Event(Scope(account), SwitchChange(switch, who, reason)))
            recorded = ledger.name
    except Exception as error:  # whatever breaks the ledger, a person who halts must learn what is so
        raise LedgerError(_unrecorded(switch, place is not None, file, error)) from error
    if place is not None:
        files.clear(*({Switch.HALTED, Switch.REDUCE_ONLY} - {switch}))
    yield f"{IN_FORCE[switch]}, for {_whose(account)}{doubt}. Recorded in {recorded}, and by {file}."


def _unrecorded(switch: Switch, stands: bool, file: str, error: Exception) -> str:  # noqa: FBT001 - a fact
    if not stands:
        return (
            f"TRADING IS NOT RESTRICTED: the ledger cannot be used, and {file}. ({error}) Stop `swing dev`. {BY_HAND}"
        )
    return (
        f"{IN_FORCE[switch]}, for everything that trades from this home, by {file}; the ledger could not record it. "
        f"({error}) No order was cancelled and nothing was sold. {BY_HAND}"
    )


def _account(installation: Installation) -> tuple[str, str]:
    """Return the configured account, and a remark if the configuration cannot be read: then every account is meant."""
    try:
        return installation.portfolio.broker.account, ""
    except Exception as error:  # noqa: BLE001 - a kill switch does not depend on the configuration
        return "", f" (the configuration cannot be read: {error})"


def _whose(account: str) -> str:
    return f"account {account}" if account else "every account"


def person() -> str:
    """Return the user's name; a container may know none."""
    try:
        return getpass.getuser()
    except Exception:  # noqa: BLE001 - its kind differs between versions of Python, and a name is decoration
        return f"uid {os.getuid()}"
