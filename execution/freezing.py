"""Freezing what is traded, with its evidence, and letting it be traded all the same: acts of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.errors import PhaseError
from execution.ledger.events import Event, Scope
from execution.ledger.phase_events import Freeze, PhaseOverride
from execution.phases import TradingPhase, digest_of, phase_of, pin_of
from execution.service import open_ledger
from warehouse.errors import LakeError
from warehouse.lake import current_snapshot
from warehouse.readers import WALK_FORWARD_METRICS, Question, rows
from warehouse.version import code_version

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.phases import PhaseStanding

HEADLINE = ("sharpe", "cagr", "max_drawdown", "sessions")
"""Figures of the walk-forward that a freeze keeps as evidence."""
ORIGIN = Question("SELECT parameters_hash FROM target_origin")


def standing_now(installation: Installation) -> PhaseStanding:
    """Return the phase of an installation. Raises ConfigurationError, LedgerError, PipelineError."""
    with open_ledger(installation) as ledger:
        return phase_of(ledger, pin_of(installation), installation.portfolio.phases)


def freeze(installation: Installation, by: str, reason: str) -> Freeze:
    """Pin what decides the orders, with the evidence for it; the paper period begins anew.

    Raises:
        PhaseError: There is no reason, or no evidence.
        LedgerError: Nothing was recorded.
    """
    pin = pin_of(installation)
    frozen = Freeze(pin, digest_of(pin), code_version(), _evidence(installation), by, _stated(reason))
    with open_ledger(installation) as ledger:
        ledger.append(Event(Scope(""), frozen))
    return frozen


def override(installation: Installation, by: str, reason: str) -> PhaseOverride:
    """Let what decides the orders now be traded with real money, and record what was missing.

    Raises:
        PhaseError: There is no reason, or nothing is missing.
        LedgerError: Nothing was recorded.
    """
    pin, reason = pin_of(installation), _stated(reason)
    with open_ledger(installation) as ledger:
        found = phase_of(ledger, pin, installation.portfolio.phases)
        if found.phase is TradingPhase.LIVE:
            raise PhaseError(f"There is nothing to override: the phase is live already, {found.reason}.")
        allowed = PhaseOverride(pin, digest_of(pin), found.missing, by, reason)
        ledger.append(Event(Scope(""), allowed))
    return allowed


def _evidence(installation: Installation) -> dict[str, str]:
    """Read what speaks for the parameters. Raises PhaseError without a walk-forward of today's configuration."""
    try:
        with installation.lake.reader() as connection:
            snapshot = current_snapshot(connection)
            found = rows(connection, WALK_FORWARD_METRICS).records()
            built_with = [row[0] for row in rows(connection, ORIGIN).rows]
    except LakeError as error:
        raise PhaseError(f"There is no evidence to freeze on. {error}") from error
    if not found or built_with != [installation.portfolio.parameters_hash]:
        raise PhaseError(
            "There is no evidence to freeze on: the walk-forward was not built with today's portfolio.yaml. Run "
            "`swing walkforward`, look at it, then freeze."
        )
    figures = {f"walk_forward_{name}": f"{found[0][name]:.6g}" for name in HEADLINE if found[0].get(name) is not None}
    return {"snapshot": str(snapshot), "parameters_hash": built_with[0], **figures}


def _stated(reason: str) -> str:
    if not reason.strip():
        raise PhaseError("A reason is needed, for the record: --reason '…'.")
    return reason.strip()
