"""Shapes of the answers: what OpenAPI describes and a script can rely on."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - pydantic reads them when it runs
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from operations.web.documents import ViewDocument


class Answered(BaseModel):
    """Base of all answers: nothing unnamed, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldFailure(Answered):
    """Reason why there is no answer: a code for a program, words for a person."""

    code: str = Field(examples=["LAKE"])
    message: str
    exit_code: int = Field(description="Of the command line for the same failure; 0 where asking again may help.")


class ViewAnswer(Answered):
    """A view's document, as it was computed last."""

    view: str
    computed_at: datetime = Field(description="When, by the page's clock.")
    seconds: float = Field(description="Time that computing it took.")
    snapshot: int | None = Field(description="Of the warehouse; null if it cannot be read.")
    ledger_sequence: int | None = Field(description="Newest event of the ledger; null if it cannot be read.")
    is_stale: bool = Field(description="True while a newer one is being computed.")
    failure: ToldFailure | None
    body: dict[str, Any] = Field(description="Empty with a failure.")

    @classmethod
    def of(cls, document: ViewDocument, *, is_stale: bool) -> ViewAnswer:
        """Return a document with its circumstances."""
        told = document.failure
        return cls(
            view=document.view,
            computed_at=document.computed_at,
            seconds=round(document.seconds, 4),
            snapshot=document.state.snapshot,
            ledger_sequence=document.state.sequence,
            is_stale=is_stale,
            failure=ToldFailure(code=told.code, message=told.message, exit_code=told.exit_code) if told else None,
            body=dict(document.body),
        )


class FailedCheck(Answered):
    """One thing that must hold and does not."""

    code: str
    detail: str
    remedy: str


class HealthAnswer(Answered):
    """Health of the installation: is_ok only when all that must hold holds."""

    is_ok: bool
    summary: str
    checked_at: datetime | None
    failures: list[FailedCheck]


class StateAnswer(Answered):
    """The newest documents by view: when each was computed."""

    snapshot: int | None
    ledger_sequence: int | None
    computed_at: dict[str, datetime]
    stale: list[str]
    is_ok: bool | None = Field(description="Null before the first check.")
    summary: str


class ControlRequest(Answered):
    """A person's wish to change whether the account is traded."""

    reason: str = Field("", max_length=500, description="Recorded in the ledger.")
    confirmation: str = Field(
        "", max_length=40, description="To resume: the last four characters of the account. To flatten: all of it."
    )
    code: str = Field("", max_length=20, description="Of the second factor, to resume and to flatten; it counts once.")


class AcknowledgeRequest(Answered):
    """A person's word that doubted bars are right."""

    symbol: str = Field(min_length=1, max_length=20, pattern=r"^[A-Z0-9.\-]+$")
    session: date


class NoteRequest(Answered):
    """A person's word that an alert was seen."""

    number: int = Field(ge=1, le=2**53, description="Of the alert.")


class BareRequest(Answered):
    """A wish that says nothing further: {}."""


class SessionRequest(Answered):
    """Name and password of an account."""

    name: str = Field(max_length=64)
    password: str = Field(max_length=1024)


class SessionAnswer(Answered):
    """Who is signed in, and what that may do."""

    name: str
    role: str
    may: list[str] = Field(description="Controls, by the name of their route.")
    token: str = Field(description="To send with each control as X-CSRF-Token; empty for a program.")


class ControlAnswer(Answered):
    """Facts after a control, one a line."""

    lines: list[str]


Described = dict[int | str, dict[str, Any]]
"""Answers of an operation beside its own, by status."""
NEVER_KEPT = {"cache-control": "no-store"}
REFUSED: Described = {
    401: {"model": ToldFailure, "description": "Nobody has signed in, or name or password is wrong."},
    403: {
        "model": ToldFailure,
        "description": "The role may not, the token is not the session's, or the code counts not.",
    },
    429: {"model": ToldFailure, "description": "Too many attempts have failed; Retry-After says how long to wait."},
    503: {"model": ToldFailure, "description": "The accounts cannot be read, so nobody is let in."},
}
"""Refusals of the door, for the description of an operation."""
UNSEEN: Described = {status: REFUSED[status] for status in (401, 403, 503)}
"""Refusals of whatever is only read."""
UNSENDABLE: Described = {415: {"description": "Another content type than application/json."}}
