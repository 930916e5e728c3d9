"""Lets nobody through to the page whom its door does not know, and tells each route who is asking."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response

from operations.access.refusals import AccessCode, AccessRefusedError
from operations.web.answers import ToldFailure
from operations.web.guard import HARMLESS, LOOPBACK, Guard, host_of

if TYPE_CHECKING:
    from fastapi import Request

    from operations.access.door import Door
    from operations.access.sessions import Visitor
    from operations.web.guard import App, Message, Receive, Scope, Send

ADVICE = "Open http://127.0.0.1 on this machine; page.hosts in portfolio.yaml lists further names."
SIGN_IN = "/sign-in"
SESSION = "/api/session"
UNSEEN = ("/static/", "/manifest.webmanifest", "/favicon.ico")
"""Beginnings of what shows nothing of the installation."""
ANSWERS_ALL = frozenset({SIGN_IN, "/health"})
"""Paths that answer everybody; they look themselves at who is asking."""
SECURE, PLAIN = "__Host-swing", "swing"
"""Names of the cookie with TLS and without; a browser takes the first from the host itself alone, over TLS."""


class PageGuard(Guard):
    """Guard of the page, under the names that the configuration gives it; the door counts what it refuses."""

    def __init__(self, app: App, door: Door) -> None:
        super().__init__(app, frozenset(door.settings.hosts), ADVICE)
        self._door = door

    def objection(self, scope: Scope) -> tuple[int, str]:
        """Return the status and reason of a refusal; 0 if there is none."""
        status, reason = super().objection(scope)
        if status:
            self._door.turned_away(status)
        return status, reason


class Doorkeeper:
    """ASGI application that hands on what the door allows, with the visitor in the request's state."""

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a websocket, of which the page has none, is closed by what comes behind."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            visitor = self._visitor(scope)
        except AccessRefusedError as error:
            await refused(error)(scope, receive, send)
            return
        if visitor is None and not _is_for_all(scope):
            await self._turned_away(scope)(scope, receive, send)
            return
        state = dict(scope.get("state") or {}) | {"visitor": visitor}
        cookie = self._door.renewed_cookie(visitor) if visitor and _is_by_a_person(scope) else ""
        if not cookie:
            await self._app({**scope, "state": state}, receive, send)
            return

        async def renewing(message: Message) -> None:
            if message["type"] == "http.response.start" and not _sets_cookie(message):
                header = (b"set-cookie", _written(scope, cookie, self._door).encode())
                message = {**message, "headers": [*message.get("headers", []), header]}
            await send(message)

        await self._app({**scope, "state": state}, receive, renewing)

    def _visitor(self, scope: Scope) -> Visitor | None:
        """Return who is asking. Raises AccessRefusedError for a name of ours without TLS, and for no readable file."""
        if not self._door.is_open and host_of(scope).lower() not in LOOPBACK and scope["scheme"] != "https":
            raise self._door.refusal(AccessCode.TLS_NEEDED, address_of(scope))
        return self._door.visitor(_cookie(scope), _header(scope, b"authorization"), address_of(scope))

    def _turned_away(self, scope: Scope) -> Response:
        """Send a person to the sign-in, and tell a program."""
        path = scope["path"]
        target = f"{SIGN_IN}?to={quote(path)}" if path != "/" else SIGN_IN
        refusal = self._door.refusal(AccessCode.SIGN_IN_NEEDED, address_of(scope))
        if _header(scope, b"hx-request"):  # a redirect would be followed within the page
            return Response(status_code=401, headers={"hx-redirect": target})
        if scope["method"] in HARMLESS and "text/html" in _header(scope, b"accept"):
            return RedirectResponse(target, 303)
        return refused(refusal)


def refused(error: AccessRefusedError) -> JSONResponse:
    """Answer with a refusal: its status, and its code and words as JSON."""
    told = ToldFailure(code=error.code, message=str(error), exit_code=0)
    headers = {"cache-control": "no-store"}
    if error.seconds:
        headers["retry-after"] = f"{max(error.seconds, 1):.0f}"
    if error.code.status == 401:  # noqa: PLR2004 - HTTP's
        headers["www-authenticate"] = 'Bearer realm="swing-portfolio"'
    return JSONResponse(told.model_dump(mode="json"), error.code.status, headers)


def visitor_of(request: Request) -> Visitor | None:
    """Return who is asking; None on the paths that answer everybody."""
    found: Visitor | None = request.scope["state"]["visitor"]
    return found


def known_visitor(request: Request) -> Visitor:
    """Return who is asking, where the doorkeeper lets nobody else through."""
    visitor = visitor_of(request)
    if visitor is None:
        raise AccessRefusedError(AccessCode.SIGN_IN_NEEDED)
    return visitor


def set_cookie(scope: Scope, response: Response, cookie: str, door: Door) -> None:
    """Let an answer begin a session in the browser."""
    response.headers["set-cookie"] = _written(scope, cookie, door)


def clear_cookie(scope: Scope, response: Response) -> None:
    """Let an answer end the browser's session, and forget the pages that it has kept."""
    secure = "; Secure" if scope["scheme"] == "https" else ""
    response.headers["set-cookie"] = f"{_name(scope)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{secure}"
    response.headers["clear-site-data"] = '"cache"'


def address_of(scope: Scope) -> str:
    """Return the address of the browser, as the server knows it or a proxy that it believes."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _written(scope: Scope, cookie: str, door: Door) -> str:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    life = door.settings.session_hours * 3600
    return f"{_name(scope)}={cookie}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}"


def _name(scope: Scope) -> str:
    return SECURE if scope["scheme"] == "https" else PLAIN


def _cookie(scope: Scope) -> str:
    try:
        found = SimpleCookie(_header(scope, b"cookie")).get(_name(scope))
    except CookieError:
        return ""
    return found.value if found else ""


def _is_for_all(scope: Scope) -> bool:
    path = scope["path"]
    return path in ANSWERS_ALL or path.startswith(UNSEEN) or (path == SESSION and scope["method"] == "POST")


def _is_by_a_person(scope: Scope) -> bool:
    """Return True for a control and for a page that is opened; what an open page asks for by itself is neither."""
    if scope["method"] not in HARMLESS or _header(scope, b"hx-boosted"):
        return True
    return "text/html" in _header(scope, b"accept") and not _header(scope, b"hx-request")


def _sets_cookie(message: Message) -> bool:
    return any(name.lower() == b"set-cookie" for name, _ in message.get("headers", []))


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")
