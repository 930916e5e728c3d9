"""Splits between two looks at an account: what they make of its holdings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

LARGEST_DENOMINATOR = 1000
"""Sources state ratios as decimals: 1.3333 is four for three."""
LEAST_SHARE = Decimal("0.0001")
"""Fractions of a share are kept to four places."""


@dataclass(frozen=True, slots=True)
class Split:
    """A split that a source knows.

    Attributes:
        session_date: First session in the new shares.
        ratio: New shares for one; a tenth in a reverse split of ten.
        source: Source that states it, or whose prices show it.
    """

    symbol: str
    session_date: date
    ratio: Fraction
    source: str

    @classmethod
    def of(cls, symbol: str, session_date: date, ratio: float, source: str) -> Split:
        """Read a ratio that is stated as a number."""
        return cls(symbol, session_date, Fraction(ratio).limit_denominator(LARGEST_DENOMINATOR), source)


def between(splits: Iterable[Split], symbol: str, after: date, until: date) -> tuple[Split, ...]:
    """Return a symbol's splits that are effective later than one day and no later than another, oldest first."""
    found = [split for split in splits if split.symbol == symbol and after < split.session_date <= until]
    return tuple(sorted(found, key=lambda split: split.session_date))


def ratio_of(splits: Sequence[Split]) -> Fraction:
    """Return the new shares for one after all of these."""
    return prod((split.ratio for split in splits), start=Fraction(1))


def explains(ratio: Fraction, before: Decimal, after: Decimal) -> bool:
    """Return True if a split makes the one holding the other: exactly, or in whole shares with cash for the fraction.

    A holding that is gone confirms no ratio.
    """
    exact = Fraction(before) * ratio
    if before <= 0 or after <= 0:
        return False
    return abs(Fraction(after) - exact) < Fraction(LEAST_SHARE) or after == floor(exact)
