"""A fake vendor over a real socket, and the same vendor as a transport for tests in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import httpx2
from fake_vendors import FakeVendor, VendorRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def serving(vendor: FakeVendor) -> Iterator[str]:
    """Serve a vendor on this machine until the block ends; yields its base URL."""
    with _Server(vendor) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingMixIn, HTTPServer):
    """One thread a connection; the end waits for all of them."""

    def __init__(self, vendor: FakeVendor) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vendor = vendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.vendor.answer(VendorRequest(url.path, dict(parse_qsl(url.query)), headers))
        body = b"%x\r\n%b\r\n" % (len(reply.body), reply.body) if reply.is_chunked else reply.body
        length = (
            {"Transfer-Encoding": "chunked"} if reply.is_chunked else {"Content-Length": f"{len(body) + reply.missing}"}
        )
        self.send_response_only(reply.status)
        for name, value in {**reply.headers, **length, "Connection": "close"}.items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # the client may have waited long enough
            self.end_headers()
            step = 1 if reply.drip else len(body) or 1
            for at in range(0, len(body), step):
                sleep(reply.drip)
                self.wfile.write(body[at : at + step])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class VendorTransport(httpx2.AsyncBaseTransport):
    """Hands requests to a vendor without a network; slowness is slept through on the loop's clock."""

    def __init__(self, vendor: FakeVendor, latencies: Sequence[float] = (0.1,)) -> None:
        """Take a vendor and the seconds that each reply takes; the last goes on for ever."""
        self._vendor = vendor
        self._latencies = latencies

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        latency = self._latencies[min(len(self._vendor.asked), len(self._latencies) - 1)]
        reply = self._vendor.answer(VendorRequest(request.url.path, dict(request.url.params), dict(request.headers)))
        await asyncio.sleep(latency + reply.drip * len(reply.body))
        if reply.missing or reply.is_chunked:
            raise httpx2.RemoteProtocolError("peer closed the connection")
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.body)
