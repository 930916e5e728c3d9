"""Shows on one page whether bars are fresh, what is held against what is wanted, and what comes next: status."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal
from dagster_defs.cli.options import JSON
from dagster_defs.schedule_states import schedule_states
from execution.ledger import FILE_NAME as LEDGER_FILE
from execution.standing import standing
from operations.tracking import Tracking, tracking_of, tracking_words
from warehouse import freshness, readers
from warehouse.calendar.sessions import EXCHANGE_ZONE, last_completed_session, sessions_behind
from warehouse.calendar.trading_hours import next_window
from warehouse.errors import LakeBusyError, LakeError
from warehouse.lake import current_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from execution.installation import Installation
    from warehouse.lake import Lake

LEFT = 12
"""Letters of the names at the left of the page."""
REMEDY = "Switch them on in the UI (`swing dev`)."


@click.command()
@JSON
@click.pass_obj
def status(installation: Installation, as_json: bool) -> None:
    """Show what is held, what is wanted, what comes next, and whether anything is in the way.

    Reads the warehouse, the ledger and the schedules; asks no broker and no vendor. It ends with 0 whatever it finds:
    `--json` has every warning under doubts.
    """
    if as_json:
        click.echo(json.dumps(terminal.as_plain(status_record(installation)), indent=2))
    else:
        show_status(installation)


def status_record(installation: Installation) -> dict[str, Any]:
    """Collect what the page shows, for a script; one reader of the lake."""
    now = datetime.now(UTC)
    lake, portfolio = installation.lake, installation.portfolio
    account = standing(installation)
    with lake.reader() as connection:
        found = {
            name: readers.rows(connection, question).records()
            for name, question in (
                ("bars", readers.BARS_LANDED),
                ("universe", readers.SYMBOLS),
                ("sources", readers.SOURCES_LANDED),
                ("runs", readers.RUNS),
            )
        }
        snapshot = current_snapshot(connection)
        doubts = freshness.doubts(connection, now)
        targets, strategy = _if_built(connection, readers.LIVE_TARGETS), _if_built(connection, readers.LIVE_STRATEGY)
        closes = {row["symbol"]: row["close"] for row in _if_built(connection, readers.NEWEST_CLOSES)}
        tracking = tracking_of(connection, account["account_id"], now.date())
    due = last_completed_session(now)
    for source in found["sources"]:
        source["sessions_behind"] = sessions_behind(source["last_session"], due)
    return {
        "home": str(lake.home),
        "snapshot": snapshot,
        "is_busy": _is_busy(lake),
        "parameters_hash": portfolio.parameters_hash,
        "strategy": strategy[0]["strategy_name"] if strategy else None,
        "last_completed_session": due,
        "doubts": doubts,
        "trading": account | {"scheduled_mode": portfolio.trading.scheduled_mode.value},
        "tracking": asdict(tracking) if tracking else None,
        "statements": _statements(installation, now),
        "next_rebalance": _next(installation, now, account["last_session"]),
        "schedules": schedule_states(installation.home),
        "targets_session": targets[0]["session_date"] if targets else None,
        "holdings": _holdings(account, targets, closes),
        **found,
    }


def _if_built(connection: duckdb.DuckDBPyConnection, question: readers.Question) -> list[dict[str, Any]]:
    try:
        return readers.rows(connection, question).records()
    except LakeError:
        return []


def _next(installation: Installation, now: datetime, done: str | None) -> dict[str, Any]:
    minutes = installation.portfolio.trading.minutes_before_close
    window = next_window(now, minutes, date.fromisoformat(done) if done else None)
    return {"session": window.session_date, "opens": window.opens, "deadline": window.deadline, "close": window.close}


def _statements(installation: Installation, now: datetime) -> str:
    """Return how the broker's own statements stand; without a ledger it is not made, and its database not imported."""
    from execution.statements import words  # noqa: PLC0415 - see `execution.standing`

    if not installation.ledger_url and not (installation.home / LEDGER_FILE).exists():
        return words.OFF
    from execution.statements.standing import installed  # noqa: PLC0415 - as above

    standing, is_on = installed(installation, now)
    return words.told(standing, is_on=is_on)


def _holdings(
    account: Mapping[str, Any], targets: Sequence[Mapping[str, Any]], closes: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return the symbols that are held or wanted: shares, newest close, weight, target, and how far these are apart."""
    wanted = {row["symbol"]: row["weight"] for row in targets if row["symbol"] != "CASH"}
    held = {symbol: float(quantity) for symbol, quantity in (account["positions"] or {}).items()}
    equity = float(account["equity"] or 0)
    rows = []
    for symbol in sorted({*wanted, *held}, key=lambda name: (-wanted.get(name, 0.0), name)):
        close, shares = closes.get(symbol), held.get(symbol, 0.0)
        weight = shares * close / equity if close is not None and equity else (None if equity else 0.0)
        target = wanted.get(symbol, 0.0)
        rows.append(
            {
                "symbol": symbol,
                "shares": shares,
                "close": close,
                "weight": weight,
                "target": target,
                "difference": None if weight is None else weight - target,
            }
        )
    return rows


def _is_busy(lake: Lake) -> bool:
    try:
        with lake.lock():
            return False
    except LakeBusyError:
        return True
    except OSError:  # a home that cannot be written has no writer
        return False


def show_status(installation: Installation) -> None:
    """Print the page for a person."""
    record = status_record(installation)
    (bars,), trading = record["bars"], record["trading"]
    span = f"{bars['first_session']} to {bars['last_session']}" if bars["versions"] else "none"
    busy = ", a run is writing" if record["is_busy"] else ""
    strategy = f"; live strategy {record['strategy']}" if record["strategy"] else ""
    for name, told in (
        ("Warehouse", f"{record['home']} (snapshot {record['snapshot']}{busy})"),
        ("Settings", f"valid, {record['parameters_hash'][:12]}{strategy}"),
        ("Bars", f"{span}: {bars['versions']:,} of {bars['symbols']} symbols; {bars['quarantined']:,} rejected rows"),
        ("Trading", f"{trading['switch']}; the schedule trades in mode {trading['scheduled_mode']}"),
        ("Schedules", _schedules(record["schedules"])),
        ("Next", _next_told(record["next_rebalance"])),
        ("Last", trading["last_rebalance"]),
        ("Account", trading["account"]),
        ("Backtest", tracking_words(Tracking(**record["tracking"])) if record["tracking"] else "no common session yet"),
        ("Statements", record["statements"]),
    ):
        terminal.say_wrapped(f"{name:<{LEFT}}{told}", LEFT)
    terminal.out.print()
    _show_doubts(record["doubts"])
    _show_bars(record)
    _show_holdings(record)
    _show_runs(record["runs"])


def _schedules(states: Mapping[str, bool]) -> str:
    on = [name for name, is_on in states.items() if is_on]
    off = [name for name, is_on in states.items() if not is_on]
    told = [f"on: {', '.join(on)}"] if on else []
    return "; ".join([*told, f"off: {', '.join(off)}. {REMEDY}"] if off else told)


def _next_told(window: Mapping[str, Any]) -> str:
    opens, deadline = window["opens"], window["deadline"]
    local = opens.astimezone()
    here = "" if local.utcoffset() == opens.utcoffset() else f"; {local:%H:%M} here ({local.tzname()})"
    half = ", half-day" if window["close"].astimezone(EXCHANGE_ZONE).hour < 16 else ""  # noqa: PLR2004 - the usual close
    return f"{opens:%a %Y-%m-%d}, {opens:%H:%M} to {deadline:%H:%M} in New York{half}{here}"


def _show_doubts(doubts: Sequence[str]) -> None:
    if doubts:
        terminal.say(f"{len(doubts)} warning{'s' if len(doubts) > 1 else ''}")
        for doubt in doubts:
            terminal.say_wrapped(f"  {doubt}", 2)
        terminal.out.print()


def _show_bars(record: Mapping[str, Any]) -> None:
    columns = [("source", False), ("symbols", True), ("newest bar", False), ("behind", False), ("landed", False)]
    rows = [
        [
            row["source"],
            row["symbols"],
            row["last_session"],
            f"{row['sessions_behind']} sessions" if row["sessions_behind"] else "fresh",
            f"{row['landed_at']:%Y-%m-%d %H:%M} UTC",
        ]
        for row in record["sources"]
    ]
    if rows:
        terminal.show_rows(
            columns, rows, f"Bars of the universe, beside the session of {record['last_completed_session']}"
        )
    missing = [row["symbol"] for row in record["universe"] if not row["versions"]]
    if missing:
        terminal.say_wrapped(f"Without bars: {', '.join(missing)}.")
    terminal.out.print()


def _show_holdings(record: Mapping[str, Any]) -> None:
    if not record["targets_session"]:
        terminal.say_wrapped("Targets: none yet. Build them: `swing backtest`.")
    elif not record["holdings"]:
        terminal.say_wrapped(f"Targets of {record['targets_session']}: all cash. Nothing is held.")
    else:
        columns = [("symbol", False), *((name, True) for name in ("shares", "close", "weight", "target", "difference"))]
        written = [
            row | {"close": None if row["close"] is None else f"{row['close']:,.2f}"} for row in record["holdings"]
        ]
        rows = [[row[name] for name, _ in columns] for row in written]
        terminal.show_rows(columns, rows, f"Positions against the targets of {record['targets_session']}")
    terminal.out.print()


def _show_runs(runs: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        [f"{run['started_at']:%Y-%m-%d %H:%M}", run["kind"], run["outcome"], _seconds(run), run["message"]]
        for run in runs
    ]
    if rows:
        columns = [("started, UTC", False), ("run", False), ("outcome", False), ("took", True), ("message", False)]
        terminal.show_rows(columns, rows, "Last runs")


def _seconds(run: Mapping[str, Any]) -> str:
    ended = run["finished_at"]
    return f"{(ended - run['started_at']).total_seconds():.0f} s" if ended else ""
