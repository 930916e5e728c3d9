"""Symbols of shares: whichever way a class is written, one form stands in the lake and in the configuration."""

from __future__ import annotations

import re

LONGEST = 12
RULE = f"up to {LONGEST} of A-Z and 0-9, starting with a letter; a class follows a dot, as in BRK.B"
"""The form of a symbol, for messages."""

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(?:[.\-/ ][A-Z0-9]+)*", re.ASCII)


def canonical(text: str) -> str | None:
    """Return BRK.B for `BRK.B`, `BRK-B`, `BRK B`, `BRK/B` and `brk.b`; None for a text that is no symbol."""
    symbol = text.strip().upper()
    if len(symbol) > LONGEST or not _SYMBOL.fullmatch(symbol):
        return None
    return re.sub(r"[\-/ ]", ".", symbol)
