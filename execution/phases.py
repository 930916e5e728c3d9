"""Phases of an installation: paper, frozen, live. Real money is traded only by what was frozen and has proven itself.

Freezing pins what decides the orders. Whatever of it changes afterwards ends the permission, until it is frozen anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from execution.errors import LiveRefusedError
from execution.ledger.events import EventKind
from execution.ledger.phase_events import Freeze, PhaseOverride, Pin, Validation
from execution.refusals import Refusal, RefusalCode
from warehouse.transformation.compiled import Compiled, compiled
from warehouse.version import DISTRIBUTION

if TYPE_CHECKING:
    from datetime import datetime

    from execution.installation import Installation
    from execution.ledger.events import Recorded
    from execution.ledger.ledger import Ledger
    from warehouse.settings.phases import PhaseSettings
    from warehouse.settings.portfolio import Portfolio

TARGETS = "live_targets"
PINNED = ("universe", "symbol_changes", "strategy", "costs", "quality", "trading", "limits")
"""Sections of portfolio.yaml that decide orders."""
NOT_PINNED = {"trading.is_live_allowed", "trading.scheduled_mode", "trading.scheduled_confirm"}
"""Settings within them that say where and whether is traded: they must change on the way from paper to live."""
MOST_NAMED = 8
"""Changes that a message names."""


class TradingPhase(StrEnum):
    """Phases, in their order."""

    PAPER = "paper"
    """Anything may be tried; nothing is pinned, or what was pinned has changed."""
    FROZEN = "frozen"
    """What is traded is pinned, and trades on paper."""
    LIVE = "live"
    """The frozen has proven itself, or a person has allowed it all the same: real money may be traded."""


@dataclass(frozen=True, slots=True)
class PhaseStanding:
    """Phase of an installation.

    Attributes:
        since: Time of the record that led here; None in the first phase.
        reason: Who led here and why, in words.
        missing: What the next phase waits for, in sentences; empty in the last.
    """

    phase: TradingPhase
    since: datetime | None
    reason: str
    missing: tuple[str, ...] = ()


def pin_of(installation: Installation) -> Pin:
    """Return what decides the orders now. Raises ConfigurationError, PipelineError."""
    settings = pinned_settings(installation.portfolio)
    return Pin(settings, model_digests(compiled(installation.lake)), version(DISTRIBUTION))


def pinned_settings(portfolio: Portfolio) -> dict[str, str]:
    """Return the settings that decide orders, as JSON by their dotted names."""
    values = portfolio.model_dump(mode="json", include=set(PINNED))
    values["universe"] = sorted(values["universe"])
    named: dict[str, Any] = {}
    for section, held in values.items():
        named |= (
            {f"{section}.{key}": value for key, value in held.items()} if isinstance(held, dict) else {section: held}
        )
    return {name: _canonical(value) for name, value in named.items() if name not in NOT_PINNED}


def model_digests(project: Compiled) -> dict[str, str]:
    """Return a digest of the compiled SQL of each model that the live targets come from, by its name."""
    wanted = project.ancestors([node.unique_id for node in project.models if node.name == TARGETS])
    return {
        node.name: hashlib.sha256(node.sql.encode()).hexdigest()[:16]
        for node in sorted(project.models, key=lambda node: node.name)
        if node.unique_id in wanted
    }


def digest_of(pin: Pin) -> str:
    """Return the sha256 (hex) of a pin; the same on any machine."""
    return hashlib.sha256(_canonical(asdict(pin)).encode()).hexdigest()


def changes(before: Pin, now: Pin) -> list[str]:
    """Name what differs between two pins: settings with both values, models, the program."""
    told = [
        f"{name}: {before.settings.get(name, 'nothing')} → {now.settings.get(name, 'nothing')}"
        for name in sorted({*before.settings, *now.settings})
        if before.settings.get(name) != now.settings.get(name)
    ]
    models = sorted(name for name in {*before.models, *now.models} if before.models.get(name) != now.models.get(name))
    if models:
        told.append(f"SQL of {_listed(models)}")
    if before.program != now.program:
        told.append(f"program: {before.program} → {now.program}")
    return told


def phase_of(ledger: Ledger, pin: Pin, demands: PhaseSettings) -> PhaseStanding:
    """Return the phase that the ledger's records lead to.

    Args:
        ledger: Holds freezes, validations and overrides.
        pin: What would be traded now.
        demands: What the paper period must show, as configured now.
    """
    frozen, allowed = ledger.newest(EventKind.FROZEN), ledger.newest(EventKind.PHASE_OVERRIDDEN)
    if allowed and isinstance(allowed.event.payload, PhaseOverride) and not _is_later(frozen, allowed):
        override = allowed.event.payload
        if not (changed := changes(override.pin, pin)):
            told = f"by an override of {override.by}: {override.reason}"
            return PhaseStanding(TradingPhase.LIVE, allowed.recorded_at, told)
        if frozen is None:
            return PhaseStanding(TradingPhase.PAPER, None, "", (_changed("the override", allowed, changed),))
    if frozen is None or not isinstance(frozen.event.payload, Freeze):
        return PhaseStanding(TradingPhase.PAPER, None, "", ("Nothing is frozen: `swing freeze --reason …`.",))
    freeze = frozen.event.payload
    if changed := changes(freeze.pin, pin):
        return PhaseStanding(TradingPhase.PAPER, None, "", (_changed("the freeze", frozen, changed),))
    return _since_freeze(ledger, frozen, freeze, demands)


def _since_freeze(ledger: Ledger, frozen: Recorded, freeze: Freeze, demands: PhaseSettings) -> PhaseStanding:
    validated = ledger.newest(EventKind.VALIDATED)
    by = f"frozen by {freeze.by}: {freeze.reason}"
    if validated is None or not isinstance(validated.event.payload, Validation) or _is_later(frozen, validated):
        missing: tuple[str, ...] = ("The paper period was not measured since the freeze: `swing validate`.",)
        return PhaseStanding(TradingPhase.FROZEN, frozen.recorded_at, by, missing)
    validation = validated.event.payload
    missing = tuple(f"{each.code}: {each.figure}; asked for: {each.demand}." for each in validation.missing)
    if validation.demands != demands_of(demands):
        missing = (
            *missing,
            "The section phases of portfolio.yaml has changed since: `swing validate`.",
        )
    if missing:
        return PhaseStanding(TradingPhase.FROZEN, frozen.recorded_at, by, missing)
    return PhaseStanding(TradingPhase.LIVE, validated.recorded_at, f"{by}; validated by {validation.by}")


def require_live(ledger: Ledger, pin: Pin | None, demands: PhaseSettings) -> None:
    """Refuse real money outside the phase live. Raises LiveRefusedError, which names what is missing.

    Args:
        ledger: As in `phase_of`.
        pin: What is to be traded; None if nobody said.
        demands: As in `phase_of`.
    """
    missing: tuple[str, ...] = ("It is not known what is to be traded.",)
    if pin is not None:
        found = phase_of(ledger, pin, demands)
        if found.phase is TradingPhase.LIVE:
            return
        missing = found.missing
    message = (
        f"Real money is not traded yet, and nothing was sent. {' '.join(missing)} `swing phase` shows the way; "
        "`swing phase --override --reason …` allows it all the same, and is recorded."
    )
    raise LiveRefusedError(message, (Refusal(RefusalCode.PHASE_NOT_LIVE, message),))


def demands_of(settings: PhaseSettings) -> dict[str, str]:
    """Return what the paper period must show, as texts by key."""
    return {name: _canonical(value) for name, value in settings.model_dump(mode="json").items()}


def _is_later(one: Recorded | None, other: Recorded) -> bool:
    return one is not None and one.sequence > other.sequence


def _changed(what: str, recorded: Recorded, changed: list[str]) -> str:
    return f"Changed since {what} of {recorded.recorded_at:%Y-%m-%d}: {_listed(changed, '; ')}. Freeze anew."


def _listed(names: list[str], between: str = ", ") -> str:
    more = f"{between}and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{between.join(names[:MOST_NAMED])}{more}"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
