"""Routes for programs: each view as JSON, questions, health, metrics."""

from __future__ import annotations

import asyncio
from datetime import date  # noqa: TC003 - FastAPI reads it when it runs
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from operations.web.answers import (
    NEVER_KEPT,
    UNSEEN,
    Described,
    FailedCheck,
    HealthAnswer,
    StateAnswer,
    ToldFailure,
    ViewAnswer,
)
from operations.web.catalog import TABS
from operations.web.documents import WorkerBusyError
from operations.web.doorkeeper import visitor_of
from operations.web.exposition import Exposition
from operations.web.views import decisions, explorer
from warehouse.settings.strategy import AXES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from operations.access.door import Door
    from operations.web.documents import Documents, ViewDocument
    from operations.web.reading import Reading

PATIENCE = 60.0
"""Seconds for which a question may wait for its answer."""
MOST_WRITTEN = 64
"""Documents that are kept as JSON."""
WAITING = ToldFailure(code="NOT_READY", message="The first document is being computed. Ask again.", exit_code=0)
UNAVAILABLE: Described = {
    **UNSEEN,
    503: {"model": ToldFailure, "description": "Not computed yet, or busy; or no accounts."},
}


def router(documents: Documents, door: Door) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    for tab in TABS:
        if tab.name != "decisions":
            _add_view(routes, documents, tab.name, tab.summary)
    _add_view(routes, documents, "equity", "Growth of 1 and drawdown: backtest, account as lived, SPY.")
    _add_questions(routes, documents)
    _add_monitoring(routes, documents, door)
    return routes


def _add_view(routes: APIRouter, documents: Documents, name: str, summary: str) -> None:
    def view() -> Response:
        return answered(documents, name)

    routes.add_api_route(
        f"/api/{name}",
        view,
        summary=summary,
        operation_id=name,
        tags=["views"],
        response_model=ViewAnswer,
        responses=UNAVAILABLE,
    )


def answered(documents: Documents, name: str) -> Response:
    """Answer with a view's document from memory; a view that failed answers too, with its code."""
    document = documents.get(name)
    if document is None:
        return JSONResponse(WAITING.model_dump(mode="json"), 503, NEVER_KEPT)
    return Response(_written(document, is_stale=documents.is_stale(document)), 200, NEVER_KEPT, "application/json")


@lru_cache(maxsize=MOST_WRITTEN)
def _written(document: ViewDocument, *, is_stale: bool) -> bytes:
    """Write a document as JSON, once for all who ask for it."""
    return ViewAnswer.of(document, is_stale=is_stale).model_dump_json().encode()


def _add_questions(routes: APIRouter, documents: Documents) -> None:
    @routes.get(
        "/api/decisions",
        summary="Why each symbol was held or not: the newest session, or that of a day.",
        operation_id="decisions",
        tags=["views"],
        response_model=ViewAnswer,
        responses=UNAVAILABLE,
    )
    async def decided(day: Annotated[date | None, Query(description="A session, YYYY-MM-DD.")] = None) -> Response:
        if day is None:
            return answered(documents, "decisions")
        return await asked(documents, ("decisions", day), lambda reading: decisions.document(reading, day))

    @routes.get(
        "/api/explorer/try",
        summary="A strategy that no build knows, computed in memory by the same SQL beside the live one.",
        operation_id="try",
        tags=["questions"],
        response_model=ViewAnswer,
        responses=UNAVAILABLE,
    )
    async def tried(
        ema_fast: Annotated[int, Query(ge=2, le=5000)],
        ema_slow: Annotated[int, Query(ge=2, le=5000)],
        top_n: Annotated[int, Query(ge=1, le=50)],
        corr_cap: Annotated[float, Query(ge=-1, le=1)],
    ) -> Response:
        values = dict(zip(AXES, (ema_fast, ema_slow, top_n, round(corr_cap, 4)), strict=True))
        return await asked(documents, ("try", *values.values()), lambda reading: explorer.tried(reading, values))


async def asked(
    documents: Documents, key: tuple[Any, ...], compute: Callable[[Reading], Mapping[str, Any]]
) -> Response:
    """Answer with what the worker computes for a question; with 503 and a code if it has no time for it."""
    found = await computed(documents, key, compute)
    if isinstance(found, ToldFailure):
        return JSONResponse(found.model_dump(mode="json"), 503, NEVER_KEPT)
    return Response(_written(found, is_stale=documents.is_stale(found)), 200, NEVER_KEPT, "application/json")


async def computed(
    documents: Documents, key: tuple[Any, ...], compute: Callable[[Reading], Mapping[str, Any]]
) -> ViewDocument | ToldFailure:
    """Wait until the worker has computed the answer to a question."""
    try:
        waiting = documents.ask(key, compute)
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(waiting)), PATIENCE)
    except (WorkerBusyError, TimeoutError) as error:
        words = str(error) or f"No answer came within {PATIENCE:.0f} seconds. Ask again: it may be there by then."
        return ToldFailure(code="BUSY", message=words, exit_code=0)


def health(documents: Documents) -> HealthAnswer:
    """Return the health: nothing that was not checked counts as sound, and neither does a check that has grown old."""
    document = documents.get("overview")
    if document is None or document.failure is not None:
        told = document.failure.message if document and document.failure else WAITING.message
        code = document.failure.code if document and document.failure else WAITING.code
        failed = FailedCheck(code=code, detail=told, remedy="`swing status` shows the whole of it.")
        return HealthAnswer(is_ok=False, summary="Not known", checked_at=None, failures=[failed])
    failures = [
        FailedCheck(code=check["code"], detail=check["detail"], remedy=check["remedy"])
        for check in document.body["checks"]
        if not check["is_ok"]
    ]
    failures += [
        FailedCheck(
            code=f"VIEW_{other.view.upper()}", detail=other.failure.message, remedy="See this view of the page."
        )
        for other in documents.all()
        if other.failure is not None and other.failure.code == "UNEXPECTED"
    ]
    if documents.is_old(document):
        failures.append(
            FailedCheck(
                code="PAGE_STUCK",
                detail=f"Nothing was computed since {document.computed_at:%H:%M:%S} UTC.",
                remedy="Start `swing serve` again.",
            )
        )
    summary = document.body["summary"] if not failures else f"{len(failures)} failing"
    return HealthAnswer(is_ok=not failures, summary=summary, checked_at=document.computed_at, failures=failures)


def _add_monitoring(routes: APIRouter, documents: Documents, door: Door) -> None:
    exposition = Exposition(documents, door.refused)

    @routes.get(
        "/health",
        summary="200 only when all that must hold holds; 503 with the code of each failure, if you have signed in.",
        operation_id="health",
        tags=["monitoring"],
        response_model=HealthAnswer,
        responses={403: UNSEEN[403], 503: {"description": "Something does not hold; or no accounts."}},
    )
    def healthy(request: Request) -> Response:
        found = health(documents)
        if visitor_of(request) is None:  # whoever watches the machine learns that, and no more
            found = HealthAnswer(is_ok=found.is_ok, summary="", checked_at=found.checked_at, failures=[])
        return JSONResponse(found.model_dump(mode="json"), 200 if found.is_ok else 503, NEVER_KEPT)

    @routes.get(
        "/metrics",
        summary="Prometheus metrics.",
        operation_id="metrics",
        tags=["monitoring"],
        response_class=Response,
        responses={**UNSEEN, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        return Response(exposition.text(), media_type=exposition.media_type, headers=NEVER_KEPT)

    @routes.get(
        "/api/state",
        summary="When each view was computed: what an open page asks for.",
        operation_id="state",
        tags=["views"],
        response_model=StateAnswer,
        responses=UNSEEN,
    )
    def state() -> Response:
        overview = documents.get("overview")
        known = overview.body if overview and overview.failure is None else {}
        found = StateAnswer(
            snapshot=documents.state.snapshot,
            ledger_sequence=documents.state.sequence,
            computed_at={document.view: document.computed_at for document in documents.all()},
            stale=[document.view for document in documents.all() if documents.is_stale(document)],
            is_ok=known.get("is_ok"),
            summary=known.get("summary", "Not known yet"),
        )
        return JSONResponse(found.model_dump(mode="json"), headers=NEVER_KEPT)
