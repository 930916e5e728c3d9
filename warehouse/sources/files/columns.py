"""The meaning of a file's columns: common exports are recognised, the user maps the rest."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from warehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "symbol": ("symbol", "ticker"),
        "session_date": ("sessiondate", "date", "datetime", "timestamp"),
        "open": ("open",),
        "high": ("high",),
        "low": ("low",),
        "close": ("close",),
        "adj_close": ("adjclose", "adjustedclose"),
        "volume": ("volume", "vol"),
        "dividend": ("dividend", "dividends", "dividendamount"),
        "period": ("per",),
    }
)
"""Our name -> what exports call it, in lower case without signs (<CLOSE>, Adj Close**)."""

REQUIRED = ("session_date", "open", "high", "low", "close")


def recognise(found: Sequence[str], chosen: Mapping[str, str], file: str) -> dict[str, str]:
    """Map our names to the columns of a file.

    Args:
        found: the columns the file has.
        chosen: our name -> the file's column, where the user said so; it wins over recognition.
        file: the file, for messages.

    Raises:
        SourceError: a column is missing, ambiguous, or chosen but not there.
    """
    unknown = sorted(set(chosen) - set(ALIASES))
    if unknown:
        raise SourceError(f"--column {unknown[0]}=…: no such name; there are {', '.join(ALIASES)}.")
    mapping: dict[str, str] = {}
    for name, aliases in ALIASES.items():
        if name in chosen:
            columns = [column for column in found if column == chosen[name]]
        else:
            columns = [column for column in found if _plain(column) in aliases]
        if len(columns) > 1:
            raise SourceError(
                f"{file}: {' and '.join(map(repr, columns))} could both be the {name}. Say"
                f" which with --column {name}=<column>, or rename one in the file."
            )
        if columns:
            mapping[name] = columns[0]
    missing = [name for name in dict.fromkeys((*REQUIRED, *chosen)) if name not in mapping]
    if missing:
        raise SourceError(
            f"{file}: no column for {', '.join(missing)}; found"
            f" {', '.join(map(repr, found)) or 'none'}."
            f" Say which column it is with --column {missing[0]}=<column>."
        )
    return mapping


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())
