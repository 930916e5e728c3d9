"""The commands phase, freeze and validate: the way from paper to real money."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from execution import freezing
from execution.controls import person
from execution.errors import PhaseError
from execution.phases import TradingPhase
from operations.paper_period import validate as measured

if TYPE_CHECKING:
    from execution.installation import Installation

PHASES = {
    TradingPhase.PAPER: "try, on paper; `swing freeze` ends it",
    TradingPhase.FROZEN: "the same on paper until the paper period is met; `swing validate` measures it",
    TradingPhase.LIVE: "real money may be traded, as long as nothing of what is frozen changes",
}


@click.command()
@click.option(
    "--override", "is_overriding", is_flag=True, help="Let real money be traded all the same; needs --reason."
)
@click.option("--reason", default="", help="Reason of an override, for the record.")
@JSON
@click.pass_obj
def phase(installation: Installation, is_overriding: bool, reason: str, as_json: bool) -> None:
    """Show the phase, paper, frozen or live, and what the next one waits for.

    With --override, what would be traded now may be traded with real money although something is missing. Who did it,
    why, and what was missing stands in the ledger. It ends with the next change of what is traded, or the next freeze.
    """
    if is_overriding:
        allowed = freezing.override(installation, person(), reason)
        terminal.err.print(
            f"Recorded: an override by {allowed.by}. Missing was: {' '.join(allowed.missing)}", markup=False
        )
    elif reason:
        raise click.UsageError("--reason belongs to --override.")
    found = freezing.standing_now(installation)
    if as_json:
        click.echo(json.dumps(terminal.as_plain(asdict(found)), indent=2))
        return
    table = [("→" if each is found.phase else "", each.value, meaning) for each, meaning in PHASES.items()]
    terminal.show_rows([("", False), ("phase", False), ("what it is", False)], table, "Phases")
    if found.since:
        terminal.say_wrapped(f"Since {found.since:%Y-%m-%d %H:%M} UTC, {found.reason}.")
    for missing in found.missing:
        terminal.say_wrapped(f"Missing: {missing}", 2)


@click.command()
@click.option("--reason", required=True, help="Reason, for the record.")
@click.pass_obj
def freeze(installation: Installation, reason: str) -> None:
    """Pin what decides the orders: settings, SQL, version; the paper period begins.

    Pinned are the sections universe, symbol_changes, strategy, costs, quality, trading and limits of portfolio.yaml
    (not whether and where is traded), the compiled SQL that the targets come from, and the program's version. The
    evidence is recorded with them: the snapshot of the warehouse, and what the walk-forward shows. Whatever of it
    changes afterwards, real money is refused, with the change named. A further freeze begins the paper period anew.
    """
    frozen = freezing.freeze(installation, person(), reason)
    evidence = ", ".join(f"{name} {value}" for name, value in sorted(frozen.evidence.items()))
    terminal.say_wrapped(f"Frozen: {frozen.digest[:12]}, program {frozen.code_version}, by {frozen.by}.")
    terminal.say_wrapped(f"Evidence: {evidence}.")
    terminal.say_wrapped("The paper period begins: trade on paper, then `swing validate`.")


@click.command()
@JSON
@click.pass_obj
def validate(installation: Installation, as_json: bool) -> None:
    """Measure the paper period since the freeze, and record the result.

    Each condition of the section phases in portfolio.yaml is a row. Exit code 25: one is not met, or nothing is
    frozen. Once all are met, real money may be traded.
    """
    found = measured(installation, datetime.now(UTC), person())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        columns = [("", False), ("condition", False), ("found", False), ("asked for", False)]
        table = [("ok" if each.is_ok else "not", each.code, each.figure, each.demand) for each in found.measures]
        terminal.show_rows(columns, table, "The paper period since the freeze")
    if found.missing:
        raise PhaseError(f"The paper period is not met: {', '.join(each.code for each in found.missing)}.")
