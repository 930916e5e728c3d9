"""The commands of `swing` that face the broker; dry-run by default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagster_defs.cli_options import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

REASON = click.option("--reason", default="", help="Why, for the record.")
CLOCK = click.option(
    "--gateway-clock", is_flag=True, help="Go by the gateway's clock: what a simulated one needs. Not for real money."
)


@click.command()
@click.option("--dry-run", "mode", flag_value="dry_run", default=True, help="Plan and show only (the default).")
@click.option("--paper", "mode", flag_value="paper", help="Trade, if the account is a paper account.")
@click.option("--live", "mode", flag_value="live", help="Trade real money; see --confirm.")
@click.option("--confirm", default="", metavar="ACCOUNT", help="The account id, stated once more; live needs it.")
@CLOCK
@JSON
def trade(mode: str, confirm: str, gateway_clock: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Bring the account to the live targets, once a session, in the minutes before its close.

    Cut off anywhere, the next start takes up the recorded plan: it looks at the broker before it sends, and nothing is
    sent twice. Sessions, half-days and holidays are the exchange's (XNYS).

    \b
    Examples:
      swing trade                            what would be done now, and why
      swing trade --paper                    do it on a paper account
      swing trade --live --confirm U1234567  do it with real money: needs trading.is_live_allowed and
                                             broker.account in portfolio.yaml as well
    """  # noqa: D301 - click keeps the lines after \b
    from dagster_defs import terminal, trading  # noqa: PLC0415
    from execution.ledger_events import Mode  # noqa: PLC0415

    with terminal.progress("Trading", is_quiet=as_json) as report:
        outcome = trading.trade(trading.Request(Mode(mode), confirm, gateway_clock), _steps(report))
    if as_json:
        click.echo(json.dumps(trading.as_record(outcome), indent=2))
    else:
        from dagster_defs import trading_summaries  # noqa: PLC0415

        trading_summaries.show(outcome)


def _steps(report: Callable[[int, int, str], None]) -> Callable[[str], None]:
    return lambda name: report(0, 0, name)


@click.command()
@click.option("--cancel-orders", is_flag=True, help="Cancel what is still open.")
@click.option("--flatten", is_flag=True, help="Then sell everything the strategy holds.")
@click.option("--confirm", default="", metavar="ACCOUNT", help="To flatten a live account: its id.")
@REASON
@CLOCK
def halt(  # noqa: PLR0913, PLR0917 - one parameter an option
    cancel_orders: bool,  # noqa: FBT001 - click passes flags so
    flatten: bool,  # noqa: FBT001 - as above
    confirm: str,
    reason: str,
    gateway_clock: bool,  # noqa: FBT001 - as above
) -> None:
    """Stop trading at once, until `swing resume`.

    A rebalance that is at work cancels its open orders and ends. The halt survives restarts, and every path obeys it.
    """
    from dagster_defs import interventions  # noqa: PLC0415

    for line in interventions.halt(
        interventions.Halt(
            is_cancelling=cancel_orders,
            is_flattening=flatten,
            confirmed_account=confirm,
            reason=reason,
            is_gateway_clock=gateway_clock,
        )
    ):
        click.echo(line)


@click.command("reduce-only")
@REASON
def reduce_only(reason: str) -> None:
    """Sell where the targets ask for it, buy nothing, until `swing resume`."""
    from dagster_defs import interventions  # noqa: PLC0415

    click.echo(interventions.reduce_only(reason))


@click.command()
@click.option("--accept-positions", is_flag=True, help="Take the broker's positions as they are for the right ones.")
@REASON
def resume(accept_positions: bool, reason: str) -> None:  # noqa: FBT001 - click passes flags so
    """Trade again as configured.

    With --accept-positions, a difference between ledger and broker (a trade by hand, a split, a transfer) is accepted:
    from now on positions count from what the broker states.
    """
    from dagster_defs import interventions  # noqa: PLC0415

    for line in interventions.resume(reason, is_accepting=accept_positions):
        click.echo(line)


@click.command()
@JSON
def connect(as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Test the gateway step by step, and say what is wrong and what to do."""
    from dagster_defs import interventions  # noqa: PLC0415
    from execution.errors import BrokerError  # noqa: PLC0415

    findings = interventions.test_gateway()
    if as_json:
        click.echo(json.dumps([finding.as_record() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(finding.as_line())
    if any(finding.is_failure for finding in findings):
        raise BrokerError("The gateway is not ready to trade; the lines above say what to do.")


@click.group()
def ledger() -> None:
    """The record of everything decided, sent and heard."""


@ledger.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def export(path: Path) -> None:
    """Write every event as one line of JSON, for audit."""
    from dagster_defs import trading  # noqa: PLC0415

    with trading.open_ledger() as book:
        click.echo(f"Wrote {book.export(path):,} events to {path}")


@ledger.command()
def verify() -> None:
    """Recompute the chain of digests: it shows a record that was changed or removed."""
    from dagster_defs import trading  # noqa: PLC0415

    with trading.open_ledger() as book:
        click.echo(f"{book.verify():,} events, each as it was recorded.")


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulator(arguments: tuple[str, ...]) -> None:
    """Simulate a gateway on this machine, to try things against: see `swing simulator --help`."""
    from execution.simulator.__main__ import main  # noqa: PLC0415

    raise SystemExit(main(arguments))


COMMANDS = (simulator, trade, halt, reduce_only, resume, connect, ledger)
