"""The one table of our codes: failures, refusals, checks and exceptions of statements, each with cause and remedy.

Messages, alerts and docs/codes.md show what stands here. The broker's numbers stay behind its seam, each with a fault
of our vocabulary, and the gates' codes in the model `gates`.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import execution.errors
import operations.errors
import warehouse.errors
from execution.refusals import RefusalCode
from execution.statements.codes import ExceptionCode
from operations.access.refusals import AccessCode
from operations.checks import CheckCode
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class CodeKind(StrEnum):
    """Kinds of codes."""

    FAILURE = "failure"
    """A command or run ended with it; an exit code of its own."""
    REFUSAL = "refusal"
    """Something is not traded."""
    CHECK = "check"
    """The next rebalance would fail, or go unnoticed."""
    ACCESS = "access"
    """The page refuses somebody."""
    EXCEPTION = "exception"
    """The broker's own statement and the ledger differ."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        is_transient: True if it may pass without anybody's doing; False if it is permanent until a person acts.
        cause: Reason; of a check, the condition that does not hold.
        remedy: What to do.
    """

    code: str
    kind: CodeKind
    is_transient: bool
    cause: str
    remedy: str


def error_classes() -> dict[int, type[SwingError]]:
    """Return every error class that sets an exit code, by its code."""
    kinds = {
        kind.exit_code: kind
        for module in (warehouse.errors, execution.errors, operations.errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, SwingError) and kind is not SwingError
    }
    return dict(sorted(kinds.items()))


def meaning_of(kind: type[SwingError]) -> str:
    """Return the cause of a class of errors: its documentation's first paragraph."""
    return (inspect.getdoc(kind) or "").partition("\n\n")[0]


def _codes() -> Iterator[Code]:
    for kind in error_classes().values():
        yield Code(kind.__name__, CodeKind.FAILURE, kind.is_transient, meaning_of(kind), kind.remedy)
    for refusal in RefusalCode:
        cause, _, remedy = refusal.meaning.partition(". ")
        yield Code(refusal, CodeKind.REFUSAL, refusal.is_transient, f"{cause}.", remedy)
    for check in CheckCode:
        yield Code(check, CodeKind.CHECK, check.is_transient, check.demand, check.remedy)
    for access in AccessCode:
        yield Code(access, CodeKind.ACCESS, access.is_transient, access.meaning, access.remedy)
    for difference in ExceptionCode:
        yield Code(difference, CodeKind.EXCEPTION, False, difference.demand, difference.remedy)  # noqa: FBT003 - a field


CODES: Mapping[str, Code] = MappingProxyType({code.code: code for code in _codes()})
"""Every code by its name."""
