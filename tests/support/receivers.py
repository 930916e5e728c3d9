"""Servers that alerts are sent to: a mail server that really receives, and a web server that can misbehave."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

PASSWORD = "hunter2"  # noqa: S105 - of a server that lives for a test


@dataclass(slots=True)
class Mailbox:
    """A mail server on this machine.

    Attributes:
        received: Every message, oldest first.
    """

    port: int
    received: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        """URL of a channel that sends there."""
        return (
            f"mailto://me:{PASSWORD}@127.0.0.1:{self.port}?from=swing@home.example&to=owner@home.example&mode=insecure"
        )

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's
        """Receive a message."""
        parsed: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append(parsed)
        return "250 taken"

    @property
    def titles(self) -> list[str]:
        """Subjects of what was received."""
        return [str(each["subject"]) for each in self.received]

    @property
    def text(self) -> str:
        """Everything that was received."""
        return "\n".join(str(each.get_content()) for each in self.received)


def _free_port() -> int:
    """Return a port that nobody uses: the mail server's library cannot choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server while the block lasts."""
    box = Mailbox(_free_port())
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )
    server.start()
    try:
        yield box
    finally:
        server.stop()


@dataclass(slots=True)
class Hook:
    """A web server on this machine.

    Attributes:
        status: Its answer; 0 for none at all.
        requests: Path and body of each request, in order.
    """

    status: int = 200
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """URL of a channel that sends there."""
        return f"json://me:{PASSWORD}@127.0.0.1:{self.port}/hook"


@contextmanager
def web_server(status: int = 200) -> Iterator[Hook]:
    """Run a web server while the block lasts."""
    hook = Hook(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            hook.requests.append((self.path, body))
            if not hook.status:
                hook.end.wait(60)
                return
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        hook.end.set()
        server.shutdown()
        server.server_close()
        thread.join()
