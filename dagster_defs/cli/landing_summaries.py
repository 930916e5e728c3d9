"""Results of a fetch in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import PurePath
from typing import Any

from warehouse.fetching import listed

MOST_FILES = 12
_OURS = ("session_date", "open", "high", "low", "close", "volume", "dividend", "split", "symbol")


def landing_told(landed: dict[str, Any]) -> list[str]:
    """Return what landed, and how each file was read, line by line."""
    lines = _files(landed.get("files", [])) + _passed_over(landed)
    if outside := landed.get("outside_universe"):
        lines.append(f"Not in the universe: {listed(outside)}. Bars of these are kept, and no strategy reads them.")
    if not landed["read"]:
        return [*lines, "Nothing new: there is no later bar than those held."]
    span = f"{landed['first_session']} to {landed['last_session']}" if landed["first_session"] else "no session"
    lines.append(f"Read {landed['read']:,} rows, {span}.")
    if landed["new"] + landed["changed"]:
        lines.append(
            f"Landed {landed['new']:,} new and {landed['changed']:,} changed bars; "
            f"{landed['unchanged']:,} were there already."
        )
    else:
        lines.append(f"Nothing new: all {landed['unchanged']:,} bars were there already.")
    if landed["quarantined"]:
        lines.append(f"Set aside {landed['quarantined']:,} rejected rows: swing sql 'from quarantined_bars'")
    return lines


def coverage_matrix(coverage: list[dict[str, Any]]) -> tuple[list[tuple[str, bool]], list[list[str]]]:
    """Return the columns and rows of a table: for each symbol and source the bars held, the newest, and the fault."""
    names = list(dict.fromkeys(each["source"] for each in coverage))
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for each in coverage:
        held = f"{each['bars']:,} to {each['newest']}" if each["bars"] else "none"
        rows[each["symbol"]][each["source"]] = f"{held}, {each['fault']['kind']}" if each["fault"] else held
    return (
        [("symbol", False), *((name, False) for name in names)],
        [[symbol, *(cells.get(name, "") for name in names)] for symbol, cells in rows.items()],
    )


def _passed_over(landed: dict[str, Any]) -> list[str]:
    """Tell the sources of the bars, why others were passed over, and what those taken fall short of."""
    coverage = landed.get("coverage", [])
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in coverage:
        if each["fault"] and not each["is_taken"] and each["symbol"] not in landed["failures"]:
            groups[each["source"], _fault(each["fault"])].append(each["symbol"])
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for symbol, shortfalls in landed.get("notes", {}).items():
        for shortfall in shortfalls:
            notes[shortfall].append(symbol)
    taken = Counter(each["source"] for each in coverage if each["is_taken"])
    came = ", ".join(f"{name} ({count:,})" for name, count in taken.items())
    told = [f"{name} brought no bars of {listed(symbols)}: {fault}" for (name, fault), symbols in groups.items()]
    told += [f"Note on {listed(symbols)}: {reason}" for reason, symbols in notes.items()]
    if (left := len(told) - MOST_FILES) > 0:
        told[MOST_FILES:] = [f"… and {left:,} more lines like these; --json has all."]
    return [f"Symbols with bars, by source: {came}.", *told] if coverage else []


def _fault(fault: dict[str, Any]) -> str:
    again = f" (again from {fault['resets_at'].replace('+00:00', ' UTC')})" if fault["resets_at"] else ""
    return f"{fault['kind']}: {fault['reason']}{again}"


def _files(files: list[dict[str, Any]]) -> list[str]:
    """Tell of each file; of many, the totals and those that have notes."""
    told = files if len(files) <= MOST_FILES else [file for file in files if file["notes"]][:MOST_FILES]
    lines = []
    if len(files) > MOST_FILES:
        adjusted = Counter(file["adj_close"] for file in files)
        lines.append(
            f"Files: {len({file['file'] for file in files}):,}; symbols: {len({file['symbol'] for file in files}):,};"
            f" daily bars: {sum(file['bars'] for file in files):,}. Adjusted close: "
            + "; ".join(f"{how} ({count:,})" for how, count in adjusted.most_common())
        )
        with_notes = sum(bool(file["notes"]) for file in files)
        if with_notes:
            lines.append(f"{with_notes:,} have notes{', among them' if with_notes > MOST_FILES else ''}:")
    for file in told:
        lines.append(
            f"{PurePath(file['file']).name}: {file['symbol']}, {file['bars']:,} daily bars, {file['first']} to"
            f" {file['last']}."
        )
        columns = ", ".join(f"{name} {file['columns'][name]!r}" for name in _OURS if name in file["columns"])
        lines.append(f"  columns: {columns}; dates: {file['dates']}")
        lines.append(f"  adj_close: {file['adj_close']}")
        lines += [f"  note: {note}" for note in file["notes"]]
    return lines
