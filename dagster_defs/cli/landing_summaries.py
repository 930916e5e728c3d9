"""Results of a fetch in words."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import Any

MOST_FILES = 12
_OURS = ("session_date", "open", "high", "low", "close", "volume", "dividend", "split", "symbol")


def landing_told(landed: dict[str, Any]) -> list[str]:
    """Return what landed, and how each file was read, line by line."""
    lines = _files(landed.get("files", []))
    if outside := landed.get("outside_universe"):
        lines.append(f"Not in the universe: {_listed(outside)}. Bars of these are kept, and no strategy reads them.")
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
        lines.append(f"Set aside {landed['quarantined']:,} rows that are no bars: swing sql 'from quarantined_bars'")
    return lines


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


def _listed(symbols: list[str]) -> str:
    more = f" and {len(symbols) - MOST_FILES:,} more" if len(symbols) > MOST_FILES else ""
    return ", ".join(symbols[:MOST_FILES]) + more
