"""Serves the page of an installation to this machine: serve."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING

import click

from dagster_defs.cli.opening import SERVERS
from dagster_defs.cli.options import CLOCK
from warehouse.errors import ConfigurationError, MachineError

if TYPE_CHECKING:
    from execution.installation import Installation

PORT = SERVERS["page"][0]
NICENESS = 10
"""The page gives way to whatever trades or builds on this machine."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine's own (loopback).")
@CLOCK
@click.pass_obj
def serve(installation: Installation, port: int, host: str, gateway_clock: bool) -> None:
    """Serve the page: status, holdings, decisions, orders, data quality, evidence, and the controls.

    It answers this machine alone. What it shows is computed in the background whenever warehouse or ledger have
    changed; a request opens neither. /health answers 200 only when all that must hold holds, /metrics is for
    Prometheus, and every view is JSON under /api (/openapi.json describes it).

    \b
    Examples:
      swing serve                                 http://127.0.0.1:8700
      swing serve --gateway-clock                 by the clock of a simulated gateway
      curl -f http://127.0.0.1:8700/health        exits 0 only when all is well
    """
    _require_loopback(host)
    listener = _listen(host, port)
    from execution.service import gateway_clock as clock_of  # noqa: PLC0415 - `swing --help` needs neither
    from execution.service import machine_clock  # noqa: PLC0415 - as above

    clock = clock_of(installation.gateway) if gateway_clock else machine_clock
    import uvicorn  # noqa: PLC0415 - as above

    from operations.web.application import create  # noqa: PLC0415 - as above

    os.nice(NICENESS)
    address = f"[{host}]" if ":" in host else host
    click.echo(f"The page is on http://{address}:{listener.getsockname()[1]} (Ctrl-C ends it).")
    settings = uvicorn.Config(create(installation, clock), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(settings).run(sockets=[listener])


def _require_loopback(host: str) -> None:
    """Raise ConfigurationError for an address that others can reach: there is no sign-in."""
    try:
        is_ours = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_ours = False
    if not is_ours:
        raise ConfigurationError(
            f"The page has no sign-in, so it is served to this machine alone, and {host} is not an address of that "
            "kind. Leave --host out; to see it from elsewhere, forward a port: ssh -L 8700:127.0.0.1:8700 HOST."
        )


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises MachineError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise MachineError(
            f"Port {port} of {host} cannot be listened on: {error.strerror}. If the page is served there already, "
            "`swing open page` shows it; else choose another --port."
        ) from error
    return listener
