"""The command trade: brings the account to the live targets."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal, trading_summaries
from dagster_defs.cli.afterwards import told_afterwards
from dagster_defs.cli.options import CLOCK, JSON
from dagster_defs.published_ledger import publish_ledger
from execution import service
from execution.orders.context import RebalanceRequest
from warehouse.errors import LakeError
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from execution.installation import Installation


@click.command()
@click.option("--dry-run", "mode", flag_value="dry_run", default=True, help="Plan and show only (the default).")
@click.option("--paper", "mode", flag_value="paper", help="Trade, if the account is a paper account.")
@click.option("--live", "mode", flag_value="live", help="Trade real money; see --confirm.")
@click.option("--confirm", default="", metavar="ACCOUNT", help="The account id, stated once more; live needs it.")
@CLOCK
@JSON
@click.pass_obj
def trade(installation: Installation, mode: str, confirm: str, gateway_clock: bool, as_json: bool) -> None:
    """Bring the account to the live targets, once a session, in the minutes before its close.

    Cut off anywhere, the next start takes up the recorded plan: it looks at the broker before it sends, and nothing is
    sent twice. Sessions, half-days and holidays are the exchange's (XNYS). Shares that the account held before are not
    sold unasked: `swing resume --accept-positions` gives them to the strategy, `swing release` keeps them.

    \b
    Examples:
      swing trade                            what would be done now, and why
      swing trade --paper                    do it on a paper account
      swing trade --live --confirm U1234567  do it with real money: needs trading.is_live_allowed and
                                             broker.account in portfolio.yaml as well
    """
    with contextlib.suppress(LakeError), installation.lake.reader() as connection:  # who trades says what is missing
        terminal.warn_of_doubtful_bars(connection)
    with told_afterwards(installation, "trade", is_told=Mode(mode) is not Mode.DRY_RUN):
        _trade(installation, RebalanceRequest(Mode(mode), confirm, is_gateway_clock=gateway_clock), as_json=as_json)


def _trade(installation: Installation, request: RebalanceRequest, *, as_json: bool) -> None:
    with terminal.progress("Trading", is_quiet=as_json) as report:
        try:
            outcome = service.trade(installation, request, _steps(report))
        finally:
            report(0, 0, "landing the ledger's events")
            waiting = publish_ledger(installation)
            if waiting:
                terminal.err.print(
                    f"The ledger has it; `orders`, `fills` and `positions` show it after the next build: {waiting}",
                    markup=False,
                )
    if as_json:
        click.echo(json.dumps(service.as_record(outcome), indent=2))
    else:
        trading_summaries.show(outcome)


def _steps(report: Callable[[int, int, str], None]) -> Callable[[str], None]:
    return lambda name: report(0, 0, name)
