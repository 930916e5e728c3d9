"""The page's web application: views as HTML and JSON, health, metrics and controls, behind its door."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from execution.service import machine_clock
from operations.access.door import Door
from operations.access.refusals import AccessRefusedError
from operations.web import routes_control, routes_pages, routes_session, routes_views
from operations.web.catalog import VIEWS
from operations.web.control import NO_ERRANDS
from operations.web.documents import Documents
from operations.web.doorkeeper import Doorkeeper, PageGuard, refused
from operations.web.rendering import STATIC, Renderer
from warehouse.settings.portfolio import load_page
from warehouse.version import code_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
    from datetime import datetime
    from typing import Any

    from fastapi import Request, Response

    from execution.installation import Installation
    from operations.web.control import Errands

    Messages = MutableMapping[str, Any]

FORBIDDEN = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
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
    "permissions-policy": ", ".join(f"{feature}=()" for feature in FORBIDDEN),
}
LASTING = {"strict-transport-security": "max-age=31536000"}
"""Over TLS: a browser asks without it no more, for a year."""
SIGNING_IN = (
    "Where there are accounts, sign in with POST /api/session, keep the cookie, and send the answer's token as "
    "X-CSRF-Token with each control; or send a program's token as `Authorization: Bearer`, which reads alone. Every "
    "operation then answers 401 to nobody, 403 to a role that may not, and 429 to who has failed too often."
)
FORBIDDEN = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")


def create(
    installation: Installation,
    clock: Callable[[], datetime] = machine_clock,
    door: Door | None = None,
    errands: Errands = NO_ERRANDS,
) -> FastAPI:
    """Make the application; its worker starts and ends with it.

    Args:
        installation: What is shown.
        clock: Returns the time, aware; a simulated gateway has one of its own.
        door: Who is let in; by default as the configuration says, for a page that this machine alone can reach.
        errands: Work that needs what stands above the page.

    Raises:
        ConfigurationError: The configuration's section about the page is at fault.
    """
    documents = Documents(installation, VIEWS, clock)
    door = door or Door(installation, load_page(installation.home))
    renderer = Renderer(documents)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        documents.start()
        yield
        documents.stop()

    app = FastAPI(
        title="swing-portfolio",
        summary="Everything that the page shows, as JSON.",
        description=SIGNING_IN,
        version=code_version(),
        lifespan=lifespan,
        docs_url=None,  # it would load its scripts from another server
        redoc_url=None,
    )
    app.include_router(routes_views.router(documents, door))
    app.include_router(routes_session.router(door))
    app.include_router(routes_control.router(routes_control.Controls(installation, documents, door, errands)))
    app.include_router(routes_pages.router(installation, documents, renderer))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(AccessRefusedError, _refused)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Doorkeeper, door=door)
    app.add_middleware(PageGuard, door=door)
    app.add_middleware(Hardened)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, AccessRefusedError):
        raise error
    return refused(error)


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
            if message["type"] == "http.response.start" and scope["type"] == "http":
                headers = list(message.get("headers", []))
                present = {name.lower() for name, _ in headers}
                told = HEADERS | (LASTING if scope["scheme"] == "https" else {})
                headers += [
                    (name.encode(), value.encode()) for name, value in told.items() if name.encode() not in present
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, hardened)
