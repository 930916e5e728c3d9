"""Routes that change something: each needs the token of the page, and leaves its trace with who = "page"."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from operations.web import control
from operations.web.answers import AcknowledgeRequest, ControlAnswer, ControlRequest, ToldFailure
from operations.web.documents import ViewFailure
from warehouse.errors import SwingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.installation import Installation
    from operations.web.documents import Documents

REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"model": ToldFailure, "description": "Without the token of the page."},
    409: {"model": ToldFailure, "description": "Refused; the message says what is so."},
    415: {"description": "Another content type than application/json."},
}
Token = Annotated[str, Header(alias="X-CSRF-Token", max_length=200, description="Stands in every page of this server.")]
FOREIGN = ToldFailure(
    code="TOKEN_WRONG",
    message="The page is older than its server, or this is no page of it. Load it again.",
    exit_code=0,
)


def router(installation: Installation, documents: Documents, token: str) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/control", tags=["controls"])

    def done(sent: str, work: Callable[[], list[str]]) -> Response:
        if not hmac.compare_digest(sent.encode(), token.encode()):
            return JSONResponse(FOREIGN.model_dump(mode="json"), 403)
        try:
            lines = work()
        except SwingError as error:
            told = ViewFailure.of(error)
            failure = ToldFailure(code=told.code, message=told.message, exit_code=told.exit_code)
            return JSONResponse(failure.model_dump(mode="json"), 409)
        finally:
            documents.look_soon()
        return JSONResponse(ControlAnswer(lines=lines).model_dump(mode="json"))

    @routes.post("/halt", summary="Halt trading.", operation_id="halt", response_model=ControlAnswer, responses=REFUSED)
    def halt(wish: ControlRequest, sent: Token = "") -> Response:
        return done(sent, lambda: control.halt(installation, wish.reason))

    @routes.post(
        "/reduce-only",
        summary="Only sell.",
        operation_id="reduce_only",
        response_model=ControlAnswer,
        responses=REFUSED,
    )
    def reduce_only(wish: ControlRequest, sent: Token = "") -> Response:
        return done(sent, lambda: control.reduce_only(installation, wish.reason))

    @routes.post(
        "/resume",
        summary="Trade again as configured; needs the last characters of the account.",
        operation_id="resume",
        response_model=ControlAnswer,
        responses=REFUSED,
    )
    def resume(wish: ControlRequest, sent: Token = "") -> Response:
        return done(sent, lambda: control.resume(installation, wish.reason, wish.confirmation))

    @routes.post(
        "/acknowledge",
        summary="Let doubted bars of a symbol and session pass.",
        operation_id="acknowledge",
        response_model=ControlAnswer,
        responses=REFUSED,
    )
    def acknowledge(wish: AcknowledgeRequest, sent: Token = "") -> Response:
        return done(sent, lambda: control.acknowledge(installation, wish.symbol, wish.session))

    return routes
