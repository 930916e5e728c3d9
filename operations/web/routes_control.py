"""Routes that change something: each needs the token of the page and a role, and records who, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from execution.controls import Halt
from execution.service import machine_clock
from operations.access.refusals import AccessCode
from operations.access.roles import PageAction
from operations.web import control
from operations.web.answers import (
    NEVER_KEPT,
    REFUSED,
    UNSENDABLE,
    AcknowledgeRequest,
    BareRequest,
    ControlAnswer,
    ControlRequest,
    Described,
    NoteRequest,
    ToldFailure,
)
from operations.web.documents import ViewFailure
from operations.web.doorkeeper import known_visitor
from operations.web.views.holdings import sale_lines
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.installation import Installation
    from operations.access.door import Door
    from operations.access.sessions import Visitor
    from operations.web.control import Errands
    from operations.web.documents import Documents

Token = Annotated[str, Header(alias="X-CSRF-Token", max_length=200, description="Of the session; every page holds it.")]
Handler = TypeVar("Handler", bound="Callable[..., Response]")
ANSWERS: Described = {
    **REFUSED,
    **UNSENDABLE,
    409: {"model": ToldFailure, "description": "Refused; the message says what is so."},
}


def _nothing() -> None:
    """Check nothing further."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One control that somebody has asked for.

    Attributes:
        work: Does it, with the name that others read; returns what is so.
        confirmed: Raises SwingError unless what was typed confirms it.
        about: Subject, for the record.
        code: Of the second factor.
    """

    action: PageAction
    work: Callable[[str], list[str]]
    confirmed: Callable[[], None] = _nothing
    about: str = ""
    code: str = ""


class Controls:
    """Does what the door allows, with the installation."""

    def __init__(self, installation: Installation, documents: Documents, door: Door, errands: Errands) -> None:
        self.installation = installation
        self.documents = documents
        self.door = door
        self.errands = errands

    def answer(self, request: Request, token: str, wanted: Wanted) -> Response:
        """Check token, role, confirmation and code in this order, record it, do it, and answer."""
        visitor = known_visitor(request)
        self.door.check_token(visitor, token)
        self.door.check_role(visitor, wanted.action)
        try:
            wanted.confirmed()
            if wanted.action.needs_code and visitor.is_known:
                self.door.use_code(visitor, wanted.code)
            lines = self._done(visitor, wanted)
        except SwingError as error:
            told = ViewFailure.of(error)
            failure = ToldFailure(code=told.code, message=told.message, exit_code=told.exit_code)
            return JSONResponse(failure.model_dump(mode="json"), 409, NEVER_KEPT)
        finally:
            self.documents.look_soon()
        return JSONResponse(ControlAnswer(lines=lines).model_dump(mode="json"), headers=NEVER_KEPT)

    def _done(self, visitor: Visitor, wanted: Wanted) -> list[str]:
        """Record, then do; what restricts trading is done before anything else can fail, and recorded then."""
        if not wanted.action.is_restricting:
            self.door.record(wanted.action, visitor, wanted.about)
            return wanted.work(visitor.signature)
        try:
            return wanted.work(visitor.signature)
        finally:
            self.door.note(wanted.action, visitor, wanted.about)


def router(controls: Controls) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/control", tags=["controls"])
    _add_switches(routes, controls)
    _add_exit(routes, controls)
    _add_looks(routes, controls)
    return routes


def _control(routes: APIRouter, action: PageAction, summary: str) -> Callable[[Handler], Handler]:
    """Return the decorator that makes a function answer the route of an action."""
    return routes.post(
        f"/{action}",
        summary=summary,
        operation_id=action.name.lower(),
        response_model=ControlAnswer,
        responses=ANSWERS,
    )


def _add_switches(routes: APIRouter, controls: Controls) -> None:
    installation = controls.installation

    @_control(routes, PageAction.HALT, "Halt trading.")
    def halt(request: Request, wish: ControlRequest, sent: Token = "") -> Response:
        def work(by: str) -> list[str]:
            return control.halt(installation, wish.reason, by)

        return controls.answer(request, sent, Wanted(PageAction.HALT, work, about=wish.reason))

    @_control(routes, PageAction.REDUCE_ONLY, "Only sell.")
    def reduce_only(request: Request, wish: ControlRequest, sent: Token = "") -> Response:
        def work(by: str) -> list[str]:
            return control.reduce_only(installation, wish.reason, by)

        return controls.answer(request, sent, Wanted(PageAction.REDUCE_ONLY, work, about=wish.reason))

    @_control(
        routes,
        PageAction.RESUME,
        "Trade again as configured; needs the last characters of the account, and a code of the second factor.",
    )
    def resume(request: Request, wish: ControlRequest, sent: Token = "") -> Response:
        def work(by: str) -> list[str]:
            return control.resume(installation, wish.reason, by)

        def confirmed() -> None:
            control.check_digits(installation, wish.confirmation)

        return controls.answer(request, sent, Wanted(PageAction.RESUME, work, confirmed, wish.reason, wish.code))


def _add_exit(routes: APIRouter, controls: Controls) -> None:
    installation, documents = controls.installation, controls.documents

    @routes.get(
        "/flatten",
        summary="Say what selling everything would sell, by what was last seen; asks no gateway.",
        operation_id="flatten_preview",
        response_model=ControlAnswer,
        responses={status: answer for status, answer in ANSWERS.items() if status not in UNSENDABLE},
    )
    def preview(request: Request) -> Response:
        controls.door.check_role(_with_second_factor(request, controls.door), PageAction.FLATTEN)
        document = documents.get("holdings")
        if document is None or document.failure is not None:
            told = document.failure.message if document and document.failure else "Holdings are not known yet."
            failure = ToldFailure(code="NOT_READY", message=told, exit_code=0)
            return JSONResponse(failure.model_dump(mode="json"), 409, NEVER_KEPT)
        answer = ControlAnswer(lines=sale_lines(document.body))
        return JSONResponse(answer.model_dump(mode="json"), headers=NEVER_KEPT)

    @_control(
        routes,
        PageAction.FLATTEN,
        "Halt, cancel our orders and sell everything of ours; needs the account and a code. It takes minutes.",
    )
    def flatten(request: Request, wish: ControlRequest, sent: Token = "") -> Response:
        def work(by: str) -> list[str]:
            is_gateway_clock = documents.clock is not machine_clock
            try:
                return control.flatten(installation, Halt(reason=wish.reason, by=by, is_gateway_clock=is_gateway_clock))
            finally:
                controls.errands.publish()

        def confirmed() -> None:
            _with_second_factor(request, controls.door)
            control.check_account(installation, wish.confirmation)

        return controls.answer(request, sent, Wanted(PageAction.FLATTEN, work, confirmed, wish.reason, wish.code))


def _with_second_factor(request: Request, door: Door) -> Visitor:
    """Return who is asking. Raises AccessRefusedError on an open page, where nobody has a second factor."""
    visitor = known_visitor(request)
    if not visitor.is_known:
        raise door.refusal(AccessCode.SECOND_FACTOR_MISSING, visitor.address)
    return visitor


def _add_looks(routes: APIRouter, controls: Controls) -> None:
    installation = controls.installation

    @_control(routes, PageAction.ACKNOWLEDGE, "Let doubted bars of a symbol and session pass.")
    def acknowledge(request: Request, wish: AcknowledgeRequest, sent: Token = "") -> Response:
        def work(_by: str) -> list[str]:
            return control.acknowledge(installation, wish.symbol, wish.session)

        about = f"{wish.symbol} {wish.session}"
        return controls.answer(request, sent, Wanted(PageAction.ACKNOWLEDGE, work, about=about))

    @_control(routes, PageAction.TAKE_NOTE, "Say that an alert was seen: it does not escalate.")
    def take_note(request: Request, wish: NoteRequest, sent: Token = "") -> Response:
        def work(by: str) -> list[str]:
            lines = control.take_note(installation, controls.documents.clock(), wish.number, by)
            controls.errands.publish()
            return lines

        return controls.answer(request, sent, Wanted(PageAction.TAKE_NOTE, work, about=str(wish.number)))

    @_control(
        routes,
        PageAction.PREFLIGHT,
        "Look now at all that the next rebalance needs; takes up to a minute.",
    )
    def preflight(request: Request, _wish: BareRequest, sent: Token = "") -> Response:
        wanted = Wanted(PageAction.PREFLIGHT, lambda _by: control.preflight(controls.errands))
        return controls.answer(request, sent, wanted)
