"""The page's web application: views as HTML and JSON, health, metrics and controls, on this machine alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from execution.service import machine_clock
from operations.web import routes_control, routes_pages, routes_views
from operations.web.catalog import VIEWS
from operations.web.documents import Documents
from operations.web.guard import Guard
from operations.web.rendering import STATIC, Renderer
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
    from datetime import datetime
    from typing import Any

    from execution.installation import Installation

    Messages = MutableMapping[str, Any]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
ADVICE = "The page serves this machine alone: open http://127.0.0.1."


def create(installation: Installation, clock: Callable[[], datetime] = machine_clock) -> FastAPI:
    """Make the application; its worker starts and ends with it.

    Args:
        installation: What is shown.
        clock: Returns the time, aware; a simulated gateway has one of its own.
    """
    documents = Documents(installation, VIEWS, clock)
    renderer = Renderer(documents)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        documents.start()
        yield
        documents.stop()

    app = FastAPI(
        title="swing-portfolio",
        summary="Everything that the page shows, as JSON.",
        version=code_version(),
        lifespan=lifespan,
        docs_url=None,  # it would load its scripts from another server
        redoc_url=None,
    )
    app.include_router(routes_views.router(documents))
    app.include_router(routes_control.router(installation, documents, renderer.token))
    app.include_router(routes_pages.router(installation, documents, renderer))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Hardened)
    app.add_middleware(Guard, advice=ADVICE)
    return app


class Hardened:
    """ASGI application that adds the headers which keep a browser to our own files."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(
        self,
        scope: Messages,
        receive: Callable[[], Awaitable[Messages]],
        send: Callable[[Messages], Awaitable[None]],
    ) -> None:
        """Serve one request; an answer that has a header of its own keeps it."""

        async def hardened(message: Messages) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                present = {name.lower() for name, _ in headers}
                headers += [
                    (name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in present
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, hardened)
