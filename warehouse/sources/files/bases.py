"""Adjustment of the prices of one symbol in a file: recognised, completed where the file allows it, else refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from warehouse.errors import SourceError
from warehouse.sources.adjustments import later_splits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATIOS = np.array([1.25, 4 / 3, 1.5, *range(2, 51), 100, 1000])
"""Shares for one that splits give; their inverses are the reverse splits."""

_LEAST_SIGMAS = 8
_LEAST_STEP = 0.2
_LEAST_JUMP = 0.3  # a special dividend is more likely below
_NIGHT = 0.15
_ROUNDING = 0.015
_LARGEST_PAYOUT = 0.2


class AdjustedBy(StrEnum):
    """The actions that are taken out of the prices, as the user says."""

    NONE = "none"
    SPLITS = "splits"
    DIVIDENDS = "dividends"


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one symbol by session, ascending; what the file does not state is None."""

    days: NDArray[np.datetime64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    adj_close: Floats | None
    dividend: Floats | None
    split: Floats | None


@dataclass(frozen=True, slots=True)
class Basis:
    """The way to split-adjusted prices.

    Attributes:
        divisor: By session, for prices and dividends.
        adj_close: Adjusted close.
        says: The adjustment in words.
        notes: The changes made.
    """

    divisor: Floats
    adj_close: Floats
    says: str
    notes: tuple[str, ...]


def basis_of(prices: Prices, adjusted_by: AdjustedBy | None, *, is_auto_adjusted: bool) -> Basis:
    """Settle how the prices of a symbol are adjusted.

    Args:
        prices: Bars that are sound.
        adjusted_by: The user's word; it ends every guess.
        is_auto_adjusted: True for the columns of an export whose close is known to be adjusted for its dividends.

    Raises:
        SourceError: A split is not taken out of the prices, or dividends may not be.
    """
    splits = _splits(prices, adjusted_by)
    divisor = later_splits(splits)
    notes = [f"prices as traded: the split {_ratio(splits[at])} on {prices.days[at]} taken out" for at in _at(splits)]
    if prices.adj_close is not None:
        adj_close, says = prices.adj_close, "a column of the file"
        if np.array_equal(prices.adj_close, prices.close):
            notes.append("the adjusted close is the close: dividends may be missing")
    else:
        adj_close, says = _of_dividends(prices, divisor, adjusted_by, is_auto_adjusted=is_auto_adjusted)
    if adjusted_by in {None, AdjustedBy.NONE}:
        _refuse_splits(prices, adj_close)
    return Basis(divisor, adj_close, says, tuple(notes))


def _splits(prices: Prices, adjusted_by: AdjustedBy | None) -> Floats:
    """Return, by session, the ratio of a split that is still in the prices, else 1."""
    splits = np.ones(len(prices.close))
    if adjusted_by in {AdjustedBy.SPLITS, AdjustedBy.DIVIDENDS}:
        return splits
    step = _steps(prices.close)
    if prices.split is not None:
        stated = np.where(np.isfinite(prices.split) & (prices.split > 0), prices.split, 1.0)
        at = np.flatnonzero(stated != 1)
        at = at[at > 0]
        is_raw = np.abs(step[at] - np.log(stated[at])) < np.abs(step[at])
        if is_raw.any() and not is_raw.all():
            raise SourceError(
                f"the close falls by its split on {prices.days[at[is_raw]][0]}, and not on"
                f" {prices.days[at[~is_raw]][0]}: two adjustments in one file. Export it anew from one source."
            )
        splits[at[is_raw]] = stated[at[is_raw]]
        return splits
    if prices.adj_close is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            jump = -_steps(prices.adj_close / prices.close)
        paid = np.zeros(len(step)) if prices.dividend is None else np.nan_to_num(prices.dividend)
        for place in np.flatnonzero((np.abs(jump) > _LEAST_JUMP) & (np.abs(step - jump) < np.abs(step) / 2)):
            nearest = _nearest(float(jump[place]))
            if abs(jump[place] - np.log(nearest)) < _ROUNDING and not paid[place]:
                splits[place] = nearest
    elif adjusted_by is AdjustedBy.NONE:
        for place in np.flatnonzero(_suspicious(prices, prices.close)):
            splits[place] = _nearest(float(step[place]))
    return splits


def _of_dividends(
    prices: Prices, divisor: Floats, adjusted_by: AdjustedBy | None, *, is_auto_adjusted: bool
) -> tuple[Floats, str]:
    """Return the adjusted close of a file that has no column of it."""
    close = prices.close / divisor
    if adjusted_by is AdjustedBy.DIVIDENDS:
        return close, "none: the close, which is adjusted as you say"
    paid = np.zeros(len(close)) if prices.dividend is None else np.nan_to_num(prices.dividend) / divisor
    ex_days = np.flatnonzero(paid > 0)
    ex_days = ex_days[ex_days > 0]
    if not len(ex_days):
        return close, "none: the close is used, and the file does not say if dividends are out of it"
    share = paid[ex_days] / close[ex_days - 1]
    if adjusted_by is None:
        night = np.log(prices.open / divisor / np.append(np.nan, close[:-1]))
        noise = 1.4826 * np.nanmedian(np.abs(night - np.nanmedian(night)))
        fall, error = -(night[ex_days] @ share) / (share @ share), noise / np.sqrt(share @ share)
        says = "say --adjusted-by splits (the dividends are then taken out) or --adjusted-by dividends (they are out)"
        if fall - error > 0.5:  # noqa: PLR2004 - half way between adjusted and not
            raise SourceError(f"no adjusted close, and the close falls on the days of its dividends: {says}.")
        if not is_auto_adjusted and fall + error > 0.5:  # noqa: PLR2004
            raise SourceError(f"dividends and no adjusted close, and the close does not tell if they are out: {says}.")
        return close, "none: the close, which does not fall on the days of its dividends"
    factor = np.ones(len(close))
    factor[ex_days] = 1 / (1 - share)
    return close / later_splits(factor), "none: computed from the close and the dividends"


def _refuse_splits(prices: Prices, adj_close: Floats) -> None:
    found = _suspicious(prices, adj_close)
    if prices.dividend is not None:
        paid = np.append(0.0, np.nan_to_num(prices.dividend)[1:] / prices.close[:-1])
        found &= paid < _LARGEST_PAYOUT
    for at in np.flatnonzero(found):
        move = adj_close[at] / adj_close[at - 1] - 1
        raise SourceError(
            f"{prices.days[at]}: {move:+.1%}, close {prices.close[at - 1]:g}, then {prices.close[at]:g}. That is a"
            f" split {_ratio(_nearest(_steps(adj_close)[at]))} not taken out, or a wrong price. Use an export that is"
            " adjusted for splits; or say --adjusted-by none to have such splits taken out, --adjusted-by splits if the"
            " move is real."
        )


def _suspicious(prices: Prices, series: Floats) -> NDArray[np.bool_]:
    """Mark the days that open near n or 1/n of the close before, far outside the volatility, and then trade calmly."""
    step = _steps(series)
    found = np.zeros(len(step), dtype=bool)
    sigma = max(1.4826 * float(np.median(np.abs(step - np.median(step)))), 1e-4)
    for at in np.flatnonzero(np.abs(step) > max(_LEAST_SIGMAS * sigma, _LEAST_STEP)):
        size = abs(step[at])
        to_open = np.log(prices.open[at] / prices.close[at]) if prices.open[at] > 0 else 0.0
        spread = np.log(prices.high[at] / prices.low[at])
        nearest = np.log(_nearest(step[at]))
        night = abs(step[at] + to_open - nearest)
        found[at] = (
            spread < size / 3
            and night < min(max(6 * sigma, 0.03), _NIGHT * size)
            and abs(step[at] - nearest) < size / 5
        )
    return found


def _nearest(log: float) -> float:
    """Return the ratio of the split that is nearest to log(before / now)."""
    nearest = float(RATIOS[np.abs(abs(log) - np.log(RATIOS)).argmin()])
    return nearest if log > 0 else 1 / nearest


def _steps(series: Floats) -> Floats:
    """Return log(before / now), 0 on the first day."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.append(0.0, np.log(series[:-1] / series[1:]))


def _ratio(split: float) -> str:
    return f"{split:g}:1" if split > 1 else f"1:{1 / split:g}"


def _at(splits: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(splits != 1)
