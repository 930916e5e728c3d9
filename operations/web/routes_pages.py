"""Routes for people: the page of each view, and the tear sheet in its frame."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - FastAPI reads it when it runs
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse

from operations.web.answers import NEVER_KEPT, ToldFailure
from operations.web.catalog import TABS
from operations.web.documents import ViewFailure
from operations.web.doorkeeper import SIGN_IN, known_visitor, visitor_of
from operations.web.rendering import STATIC
from operations.web.routes_views import computed
from operations.web.views import decisions, evidence

if TYPE_CHECKING:
    from execution.installation import Installation
    from operations.web.documents import Documents, ViewDocument
    from operations.web.rendering import Renderer

SHEET_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; script-src 'unsafe-inline'; "
    "sandbox allow-scripts; frame-ancestors 'self'"
)
"""The tear sheet is one file with everything in it; in its sandbox it reaches neither us nor anybody else."""
LOOK_AGAIN = {"cache-control": "no-cache"}


def router(installation: Installation, documents: Documents, renderer: Renderer) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)
    for tab in TABS:
        if tab.name != "decisions":
            _add_page(routes, documents, renderer, tab.name)

    @routes.get("/")
    def start() -> Response:
        return RedirectResponse("/overview")

    @routes.get("/decisions")
    async def decided(request: Request, day: Annotated[date | None, Query()] = None) -> Response:
        if day is None:
            return _page(request, renderer, "decisions", documents.get("decisions"))
        found = await computed(documents, ("decisions", day), lambda reading: decisions.document(reading, day))
        if isinstance(found, ToldFailure):
            failure = ViewFailure(found.code, found.message)
            return HTMLResponse(renderer.failure("decisions", failure, known_visitor(request)), 503, NEVER_KEPT)
        return _page(request, renderer, "decisions", found)

    @routes.get(SIGN_IN)
    def sign_in(request: Request) -> Response:
        if visitor_of(request):
            return RedirectResponse("/overview", 303)
        return HTMLResponse(renderer.sign_in(), headers=NEVER_KEPT)

    _add_files(routes, installation)
    return routes


def _add_files(routes: APIRouter, installation: Installation) -> None:
    @routes.get("/sheet")
    def sheet() -> Response:
        file = installation.reports / evidence.SHEET
        if not file.is_file():
            return PlainTextResponse("There is no tear sheet yet. Write it: `swing report`.", 404)
        return FileResponse(
            file, media_type="text/html", headers=LOOK_AGAIN | {"content-security-policy": SHEET_POLICY}
        )

    @routes.get("/manifest.webmanifest")
    def manifest() -> Response:
        return FileResponse(STATIC / "manifest.webmanifest", media_type="application/manifest+json")

    @routes.get("/favicon.ico")
    def icon() -> Response:
        return FileResponse(STATIC / "icon-192.png", media_type="image/png")


def _add_page(routes: APIRouter, documents: Documents, renderer: Renderer, name: str) -> None:
    def page(request: Request) -> Response:
        return _page(request, renderer, name, documents.get(name))

    routes.add_api_route(f"/{name}", page)


def _page(request: Request, renderer: Renderer, name: str, document: ViewDocument | None) -> Response:
    """Answer with a page, or with 304 where the browser has it already; who has signed in leaves no copy behind."""
    visitor = known_visitor(request)
    if visitor.is_known:
        return HTMLResponse(renderer.page(name, document, visitor), headers=NEVER_KEPT)
    tag = renderer.tag(name, document, visitor)
    headers = LOOK_AGAIN | {"etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(renderer.page(name, document, visitor), headers=headers)
