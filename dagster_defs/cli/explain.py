"""Says of each symbol why it is held or not: explain."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from warehouse import readers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from execution.installation import Installation


@click.command()
@click.argument("day", required=False, type=click.DateTime(["%Y-%m-%d"]), metavar="[DATE]")
@click.option("--known-at", type=int, metavar="SNAPSHOT", help="As it was known at this snapshot of the lake.")
@JSON
@click.pass_obj
def explain(installation: Installation, day: datetime | None, known_at: int | None, as_json: bool) -> None:
    """Say of each symbol of the universe why the live strategy holds it or not.

    One line a symbol: its weight, its rank and score among the eligible ones, the first rule that kept it out with the
    numbers that decided it, and what was ordered and filled that session. DATE is a session (default: the newest).

    \b
    Examples:
      swing explain
      swing explain 2020-03-09
      swing explain 2020-03-09 --json
      swing sql "select verdict, count(*) from explanations where symbol = 'XLE' group by all"
    """
    with installation.lake.reader(known_at) as connection:
        found = readers.explanations_on(connection, day.date() if day else None).records()
        session = found[0]["session_date"]
        trades = readers.trades_on(connection, session).records()
        strategy = readers.rows(connection, readers.LIVE_STRATEGY).records()[0]["strategy_name"]
        if day is None and known_at is None:
            terminal.warn_of_doubtful_bars(connection)
    if as_json:
        record = {"strategy": strategy, "session_date": session, "symbols": _with_trades(found, trades)}
        click.echo(json.dumps(terminal.as_plain(record), indent=2))
        return
    _show(found, trades, f"Decision of {session} · live strategy {strategy}")


def _with_trades(found: Sequence[Mapping[str, Any]], trades: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_symbol = _by_symbol(trades)
    return [
        {name: value for name, value in each.items() if name != "session_date"} | {"trades": by_symbol[each["symbol"]]}
        for each in found
    ]


def _by_symbol(trades: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    gathered: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for trade in trades:
        gathered[trade["symbol"]].append(trade)
    return gathered


def _show(found: Sequence[Mapping[str, Any]], trades: Sequence[Mapping[str, Any]], title: str) -> None:
    by_symbol = _by_symbol(trades)
    columns = [("symbol", False), ("weight", True), ("rank", True), ("score", True), ("reason", False)]
    if trades:
        columns.append(("traded", False))
    rows = [
        [each["symbol"], each["weight"] or None, each["rank"], each["score"], each["reason"]]
        + (["; ".join(map(_traded, by_symbol[each["symbol"]]))] if trades else [])
        for each in found
    ]
    rows.append(
        ["CASH", 1 - sum(each["weight"] for each in found), None, None, "not invested", *([""] if trades else [])]
    )
    terminal.show_rows(columns, rows, title)
    if any(each["is_carried"] for each in found):
        terminal.say_wrapped("A symbol that is held has no bar in this session: nothing is traded, and weights drift.")
    others = sorted({trade["symbol"] for trade in trades} - {each["symbol"] for each in found})
    if others:
        terminal.say_wrapped(f"Traded as well, outside of the universe: {', '.join(others)}.")


def _traded(trade: Mapping[str, Any]) -> str:
    """Write an order and what was filled of it."""
    order = f"{trade['side']} {trade['quantity']:g}"
    if not trade["filled"]:
        return f"{order}: {trade['status'] or 'not sent'}"
    part = "" if trade["filled"] == trade["quantity"] else f" {trade['filled']:g}"
    return f"{order}: filled{part} at {trade['average_price']:.2f}"
