"""Roles of the page's accounts, and what each may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Roles, each of which may do what the ones before it may."""

    VIEWER = "viewer"
    """Reads every view."""
    OPERATOR = "operator"
    """Makes trading safer: halts, sells only, acknowledges, examines."""
    TRADER = "trader"
    """Moves money: resumes, sells everything; each time with the second factor."""

    @property
    def rank(self) -> int:
        """Place in the order of what they may."""
        return list(Role).index(self)


class PageAction(StrEnum):
    """Controls of the page, by the name of their route."""

    HALT = "halt"
    REDUCE_ONLY = "reduce-only"
    ACKNOWLEDGE = "acknowledge"
    TAKE_NOTE = "take-note"
    PREFLIGHT = "preflight"
    RESUME = "resume"
    FLATTEN = "flatten"

    @property
    def role(self) -> Role:
        """The least role that may do it."""
        return Role.TRADER if self in {PageAction.RESUME, PageAction.FLATTEN} else Role.OPERATOR

    @property
    def needs_code(self) -> bool:
        """True if each time takes a code of the second factor."""
        return self.role is Role.TRADER

    @property
    def is_restricting(self) -> bool:
        """True if it restricts trading first: that must work although nothing can be recorded."""
        return self in {PageAction.HALT, PageAction.REDUCE_ONLY, PageAction.FLATTEN}
