"""Events of the phases: what was pinned, what its paper period has shown, and what a person allowed all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Pin:
    """Everything that decides the orders, so that a change of it shows.

    Attributes:
        settings: Values of portfolio.yaml by their dotted names, as JSON.
        models: Digest of the compiled SQL of each model that targets come from.
        program: Version of the program.
    """

    settings: Mapping[str, str]
    models: Mapping[str, str]
    program: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """A person has pinned what is to be traded; its paper period begins.

    Attributes:
        digest: sha256 (hex) of the pin.
        code_version: Of the program, with the commit of a checkout.
        evidence: By name, as texts: the snapshot of the warehouse, and the figures that the walk-forward shows.
    """

    pin: Pin
    digest: str
    code_version: str
    evidence: Mapping[str, str]
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One condition on the paper period.

    Attributes:
        code: CATEGORY_CONDITION.
        figure: What was found, as a person reads it.
        demand: What is asked for.
    """

    code: str
    is_ok: bool
    figure: str
    demand: str


@dataclass(frozen=True, slots=True)
class Validation:
    """The paper period since the freeze was measured.

    Attributes:
        frozen: Digest of the freeze's pin.
        demands: The section `phases` of portfolio.yaml at that time, as JSON by key.
    """

    frozen: str
    demands: Mapping[str, str]
    measures: tuple[Measure, ...]
    by: str

    @property
    def missing(self) -> tuple[Measure, ...]:
        """Conditions that are not met."""
        return tuple(measure for measure in self.measures if not measure.is_ok)


@dataclass(frozen=True, slots=True)
class PhaseOverride:
    """A person lets exactly this be traded with real money, whatever the paper period has shown.

    Attributes:
        missing: What was missing at that time.
    """

    pin: Pin
    digest: str
    missing: tuple[str, ...]
    by: str
    reason: str


PhaseEvent = Freeze | Validation | PhaseOverride
