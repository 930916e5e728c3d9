"""Splits and dividends: from what was traded to adjusted prices, and back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 0.006
"""USD by which an adjusted price may be off: half a cent, and a little for the product of two such errors."""


def later_splits(split_factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each session, the product of the split factors of all later ones: new shares for one of then.

    Args:
        split_factors: By session, ascending; 2 on the first day of a two-for-one split, 1 on an ordinary day.
    """
    return np.append(np.cumprod(split_factors[:0:-1])[::-1], 1.0)


def derived_dividends(close: NDArray[np.float64], adj_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each day paid, in USD a share to the cent: D(t) = C(t-1) x (1 - f(t-1) / f(t)), f = adjusted / C.

    That is the usual back-adjustment (a payout scales all earlier closes by 1 - D/C) turned round. Adjusted prices are
    rounded to cents, which makes f wobble: what that alone can explain counts as no payout. NaN where either price of
    the day or of the one before is NaN or 0: nobody knows what was paid then.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = adj_close / close
        wobble = ROUNDING * close[:-1] * (1 / adj_close[:-1] + 1 / adj_close[1:])
        derived = close[:-1] * (1 - factor[:-1] / factor[1:])
    paid = np.where(derived <= wobble, 0.0, derived).round(2)
    return np.append(0.0, np.where(np.isfinite(paid), paid, np.nan))
