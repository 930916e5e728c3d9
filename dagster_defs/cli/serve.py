"""Serves the page of an installation: serve."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING

import click

from dagster_defs.cli.opening import SERVERS
from dagster_defs.cli.options import CLOCK
from operations.access.accounts import Accounts
from warehouse.errors import ConfigurationError, MachineError
from warehouse.settings.portfolio import load_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import uvicorn

    from execution.installation import Installation
    from warehouse.settings.page import PageSettings

PORT = SERVERS["page"][0]
NICENESS = 10
"""The page gives way to whatever trades or builds on this machine."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; one that others reach takes an account.")
@CLOCK
@click.pass_obj
def serve(installation: Installation, port: int, host: str, gateway_clock: bool) -> None:
    """Serve the page: status, holdings, decisions, orders, data quality, evidence, and the controls.

    Without accounts it answers this machine alone and asks nobody to sign in; see `swing user`. Under another name it
    answers over TLS alone, which a reverse proxy gives: `page.hosts` and `page.proxies` in portfolio.yaml.

    What it shows is computed in the background whenever warehouse or ledger have changed; a request opens neither.
    /health answers 200 only when all that must hold holds, /metrics is for Prometheus, and every view is JSON under
    /api (/openapi.json describes it).

    \b
    Examples:
      swing serve                                 http://127.0.0.1:8700
      swing serve --gateway-clock                 by the clock of a simulated gateway
      curl -f http://127.0.0.1:8700/health        exits 0 only when all is well
    """
    settings, is_reachable = load_page(installation.home), not _is_loopback(host)
    if is_reachable:
        settings = settings.model_copy(update={"is_sign_in_required": True})
    _require_accounts(Accounts(installation.home), settings, host, is_reachable=is_reachable)
    listener = _listen(host, port)
    from execution.service import gateway_clock as clock_of  # noqa: PLC0415 - `swing --help` needs neither
    from execution.service import machine_clock  # noqa: PLC0415 - as above

    clock = clock_of(installation.gateway) if gateway_clock else machine_clock
    from dagster_defs.errands import errands_of  # noqa: PLC0415 - as above
    from operations.access.door import Door  # noqa: PLC0415 - as above
    from operations.web.application import create  # noqa: PLC0415 - as above

    os.nice(NICENESS)
    door = Door(installation, settings)
    address = f"[{host}]" if ":" in host else host
    click.echo(f"The page is on http://{address}:{listener.getsockname()[1]} (Ctrl-C ends it).")
    if is_reachable and not settings.hosts:
        click.echo(
            "It answers as 127.0.0.1 and localhost alone, as for a forwarded port. Another name takes TLS by a reverse "
            "proxy: page.hosts and page.proxies in portfolio.yaml."
        )
    for name in settings.hosts:
        click.echo(f"Over TLS, by the proxy {', '.join(settings.proxies)}: https://{name}")
    server(create(installation, clock, door, errands_of(installation)), settings).run(sockets=[listener])


def server(application: Callable[..., Awaitable[None]], settings: PageSettings) -> uvicorn.Server:
    """Make the web server; what a request says of its origin is believed from the configured proxies alone."""
    import uvicorn  # noqa: PLC0415 - `swing --help` does not need it

    return uvicorn.Server(
        uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_accounts(accounts: Accounts, settings: PageSettings, host: str, *, is_reachable: bool) -> None:
    """Raise ConfigurationError if a page that asks for a sign-in has nobody who could.

    Raises:
        AccessError: The accounts cannot be read.
    """
    if accounts.all() or not (settings.is_sign_in_required or settings.hosts):
        return
    if is_reachable:
        raise ConfigurationError(
            f"Others than this machine can reach {host}, and there is no account, so nothing is served there. Make one "
            "(swing user add NAME --role trader), and put a reverse proxy with TLS before the page (page.hosts and "
            "page.proxies in portfolio.yaml). Or leave --host out, and forward a port: ssh -L 8700:127.0.0.1:8700 HOST."
        )
    raise ConfigurationError(
        "The configuration asks for a sign-in (page.is_sign_in_required or page.hosts), and there is no account, so "
        "nobody could. Make one: swing user add NAME --role trader."
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
