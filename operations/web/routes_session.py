"""Routes of a session: sign in, who am I, sign out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from operations.access.refusals import AccessRefusedError
from operations.access.roles import PageAction
from operations.web.answers import NEVER_KEPT, REFUSED, UNSEEN, UNSENDABLE, BareRequest, SessionAnswer, SessionRequest
from operations.web.doorkeeper import SESSION, address_of, clear_cookie, known_visitor, refused, set_cookie

if TYPE_CHECKING:
    from operations.access.door import Door
    from operations.access.sessions import Visitor

Token = Annotated[str, Header(alias="X-CSRF-Token", max_length=200, description="Of the session; every page holds it.")]


def router(door: Door) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["session"])

    @routes.post(
        SESSION,
        summary="Sign in: a session begins, in a cookie.",
        operation_id="sign_in",
        response_model=SessionAnswer,
        responses={**REFUSED, **UNSENDABLE},
    )
    def sign_in(request: Request, wish: SessionRequest) -> Response:
        try:
            visitor, cookie = door.sign_in(wish.name, wish.password, address_of(request.scope))
        except AccessRefusedError as error:
            return refused(error)
        response = _told(visitor)
        set_cookie(request.scope, response, cookie, door)
        return response

    @routes.get(
        SESSION,
        summary="Who has signed in, and what that may do.",
        operation_id="session",
        response_model=SessionAnswer,
        responses=UNSEEN,
    )
    def session(request: Request) -> Response:
        return _told(known_visitor(request))

    @routes.post(
        f"{SESSION}/end",
        summary="Sign out: the session ends, whoever has a copy of its cookie.",
        operation_id="sign_out",
        status_code=204,
        responses={**UNSEEN, **UNSENDABLE},
    )
    def sign_out(request: Request, _wish: BareRequest, sent: Token = "") -> Response:
        visitor = known_visitor(request)
        door.check_token(visitor, sent)
        door.sign_out(visitor)
        response = Response(status_code=204)
        clear_cookie(request.scope, response)
        return response

    return routes


def _told(visitor: Visitor) -> JSONResponse:
    found = SessionAnswer(
        name=visitor.name,
        role=visitor.role,
        may=[action for action in PageAction if visitor.token and visitor.may(action)],
        token=visitor.token,
    )
    return JSONResponse(found.model_dump(mode="json"), headers=NEVER_KEPT)
