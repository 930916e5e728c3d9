"""Whole lots for target weights: the nearest that the cash allows, exact for few symbols and close for many.

The distance of a choice is the sum over all symbols of (weight after less goal)², and the same of cash, whose weight is
the rest. A climb levels all shortfalls, rounds down, and then trades the lot that helps most until none helps. For few
free symbols a branch and bound goes on from there until no choice can be nearer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from execution.planning.costs import Fee

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

EXACT_UP_TO = 10
# Only contrived accounts need more of either; the best so far is then returned.
MOST_VISITS = 200_000
MOST_CANDIDATES = 2_000
FINE = 1e-4
"""Weight of a lot, a fraction of equity, below which a search gains nothing."""

NOISE = 1e-15
LEAST_GAIN = 1e-9
"""Least gain in summed squares that a search goes on for."""

HALVINGS = 60
WIDEST = 2.0
"""Greatest distance of a level from the goals, a fraction of equity."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Possible trade of one symbol, in lots of one direction.

    Attributes:
        distance: Weight held less the goal, a fraction of equity.
        step: Change of the weight by one lot; negative for a sale.
        least: Fewest lots to trade.
        most: Most lots to trade.
        price: Cash for a lot, USD; 0 for sales, whose proceeds are the caller's concern.
        fee: Commission.
    """

    distance: float
    step: float
    least: int
    most: int
    price: Decimal = Decimal(0)
    fee: Fee = field(default_factory=Fee)

    def cost(self, lots: int) -> Decimal:
        """Return the cash for these lots with their commission, USD."""
        return lots * self.price + self.fee(lots)

    def after(self, lots: int) -> float:
        """Return the weight after these lots less the goal."""
        return self.distance + self.step * lots


def distance(legs: Sequence[Leg], lots: Sequence[int]) -> float:
    """Return the objective of `round_lots`: the summed squared distances from the goals, cash among them."""
    off = [leg.after(count) for leg, count in zip(legs, lots, strict=True)]
    return sum(each * each for each in off) + sum(off) ** 2


def round_lots(legs: Sequence[Leg], cash: Decimal | None = None) -> list[int]:
    """Return the lots of each leg that bring the weights nearest to their goals.

    Args:
        legs: All symbols; those without a choice count with their distance too.
        cash: Greatest cost of all legs together, USD, 0 or more; None if cash does not bind.
    """
    if not legs:
        return []
    climb = _Climb(legs, cash)
    lots = climb.lots()
    free = [leg for leg in legs if leg.least < leg.most]
    if len(free) > EXACT_UP_TO or all(abs(leg.step) < FINE for leg in free):
        return lots
    return _BranchAndBound(legs, lots, climb.multipliers).nearest(cash)


class _Climb:
    """Climb from the nearest weights without regard to lots to lots that no single change improves."""

    def __init__(self, legs: Sequence[Leg], cash: Decimal | None) -> None:
        def column(value: Callable[[Leg], float | Decimal]) -> Numbers:
            return np.array([float(value(leg)) for leg in legs])

        self.legs, self.cash = legs, cash
        self.start, self.step = column(lambda leg: leg.distance), column(lambda leg: leg.step)
        self.least, self.most = column(lambda leg: leg.least), column(lambda leg: leg.most)
        self.price = column(lambda leg: leg.price)
        self.rate, self.minimum = column(lambda leg: leg.fee.rate), column(lambda leg: leg.fee.minimum)
        self.ceiling = column(lambda leg: leg.fee.ceiling)
        # Without lots the best is every symbol equally off, and cash off by the opposite of their sum.
        self.level = _root(lambda level: level + float(self._off(self._toward(level)).sum()))
        if cash is not None:
            budget = float(cash) - 1e-6
            self.level = min(self.level, _root(lambda level: float(self._costs(self._down(level)).sum()) - budget))

    @property
    def multipliers(self) -> tuple[float, float]:
        """Multipliers of weight and of cash at the optimum without lots."""
        weight = float(self._off(self._toward(self.level)).sum())
        priced = (self.price > 0) & (self.least < self.most)
        if self.cash is None or not priced.any():
            return weight, 0.0
        each = float(np.median(self.step[priced] / (self.price + self.rate)[priced]))
        return weight, max(0.0, -2 * (self.level + weight) * each)

    def lots(self) -> list[int]:
        """Start a little short of the optimum, and take the best single lot, up or down, until none is a gain."""
        lots = self._down(self.level)
        left = None if self.cash is None else self.cash - sum(map(Leg.cost, self.legs, lots.astype(int).tolist()))
        barred: set[int] = set()
        for _ in range(4 * len(self.legs) + 100):
            move = self._move(lots, left, barred)
            if move is None:
                break
            at, change = move
            if left is not None:
                count = int(lots[at])
                after = left + self.legs[at].cost(count) - self.legs[at].cost(count + change)
                if after < 0:
                    barred.add(at)
                    continue
                left = after
            lots[at] += change
        return [int(count) for count in lots]

    def _move(self, lots: Numbers, left: Decimal | None, barred: set[int]) -> tuple[int, int] | None:
        """Return the leg and the lot, more or less, that gain most; None if none gains."""
        off = self._off(lots)
        pull = off + off.sum()
        more, less = 2 * self.step * (self.step + pull), 2 * self.step * (self.step - pull)
        more[lots >= self.most] = np.inf
        less[lots <= self.least] = np.inf
        if left is not None:
            more[self._costs(lots + 1) - self._costs(lots) > float(left)] = np.inf
        more[list(barred)] = np.inf
        gains = np.stack([more, less])
        best = int(gains.argmin())
        if gains.flat[best] > -NOISE:
            return None
        return best % len(lots), 1 if best < len(lots) else -1

    def _toward(self, level: float) -> Numbers:
        """Return the fractional lots that bring each leg as near as it may to a distance of `level`."""
        return np.clip((level - self.start) / self.step, self.least, self.most)

    def _down(self, level: float) -> Numbers:
        return np.maximum(np.floor(self._toward(level)), self.least)

    def _off(self, lots: Numbers) -> Numbers:
        off: Numbers = self.start + self.step * lots
        return off

    def _costs(self, lots: Numbers) -> Numbers:
        fees = np.minimum(np.maximum(self.rate * lots, self.minimum), self.ceiling * lots)
        costs: Numbers = lots * self.price + fees
        return costs


def _root(rising: Callable[[float], float]) -> float:
    """Return nearly the greatest level at which a function that never falls is 0 or less."""
    low, high = -WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) <= 0 else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A number of lots; `regret` is its excess over the leg's best at the given multipliers."""

    regret: float
    lots: int
    off: float
    cost: Decimal


class _BranchAndBound:
    """Search of every choice that could be nearer than the best so far, the likeliest lots first.

    With any multipliers w and c ≥ 0 a choice within the cash is at least Σ (off² + 2w·off + c·cost) - w² - c·cash away,
    and there each leg can be minimised by itself (Lagrange). A choice's regret against those minima bounds it.
    """

    def __init__(self, legs: Sequence[Leg], lots: list[int], multipliers: tuple[float, float]) -> None:
        free = [at for at, leg in enumerate(legs) if leg.least < leg.most]
        self.legs, self.lots, self.multipliers = legs, lots, multipliers
        self.free = sorted(free, key=lambda at: -abs(legs[at].step))  # the coarsest decide most
        self.fixed = [at for at, leg in enumerate(legs) if leg.least == leg.most]
        self.best, self.visits, self.bound = distance(legs, lots), 0, 0.0
        self.candidates: list[list[_Candidate]] = []
        self.untouched = [sum(legs[at].distance for at in self.free[depth:]) for depth in range(len(self.free))]
        prices = [float(leg.price) / leg.step for leg in legs if leg.price]
        self.cheapest = min(prices, default=1.0)
        """Cost of a weight of 1 in the cheapest leg, USD."""

    def nearest(self, cash: Decimal | None) -> list[int]:
        """Return the lots of every leg."""
        weight, price = self.multipliers
        off = [self.legs[at].after(self.lots[at]) for at in self.fixed]
        squares, total = sum(each * each for each in off), sum(off)
        left = Decimal("Infinity")
        self.bound = squares + 2 * weight * total - weight**2
        if cash is not None:
            left = cash - sum((self.legs[at].cost(self.lots[at]) for at in self.fixed), Decimal(0))
            self.bound -= price * float(left)
        tops = [self._top(self.legs[at]) for at in self.free]
        self.bound += sum(self._value(self.legs[at], top) for at, top in zip(self.free, tops, strict=True))
        self.candidates = [self._candidates(self.legs[at], top) for at, top in zip(self.free, tops, strict=True)]
        self._visit([], (0.0, squares, total), left)
        return self.lots

    def _visit(self, chosen: list[int], so_far: tuple[float, float, float], left: Decimal) -> None:
        """Try all lots of the legs after the chosen ones; `so_far` is regret, squares and total."""
        depth = len(chosen)
        regret, squares, total = so_far
        if depth == len(self.free):
            if squares + total * total < self.best - NOISE:
                self.best = squares + total * total
                self.lots = list(self.lots)
                for at, lots in zip(self.free, chosen, strict=True):
                    self.lots[at] = lots
            return
        for candidate in self.candidates[depth]:
            self.visits += 1
            if self.bound + regret + candidate.regret >= self.best - LEAST_GAIN or self.visits > MOST_VISITS:
                return
            off = candidate.off
            after = (regret + candidate.regret, squares + off * off, total + off)
            if (
                candidate.cost <= left
                and self._nearest(depth + 1, after, left - candidate.cost) < self.best - LEAST_GAIN
            ):
                self._visit([*chosen, candidate.lots], after, left - candidate.cost)

    def _nearest(self, depth: int, so_far: tuple[float, float, float], left: Decimal) -> float:
        """Return a lower bound of the distance: legs from `depth` on need no whole lots and share the cash freely."""
        _, squares, total = so_far
        rest = len(self.free) - depth
        if not rest:
            return squares + total * total
        together = min(-total * rest / (rest + 1), self.untouched[depth] + float(left) / self.cheapest)
        return squares + together * together / rest + (total + together) ** 2

    def _value(self, leg: Leg, lots: int) -> float:
        weight, price = self.multipliers
        off = leg.after(lots)
        return off * off + 2 * weight * off + price * float(leg.price) * lots  # the commission only raises it

    def _top(self, leg: Leg) -> int:
        """Return the lots of least value: next to the minimum of the parabola."""
        weight, price = self.multipliers
        flat = -(leg.distance + weight + price * float(leg.price) / (2 * leg.step)) / leg.step
        near = (min(max(round(flat) + shift, leg.least), leg.most) for shift in (-1, 0, 1))
        return min(near, key=lambda lots: self._value(leg, lots))

    def _candidates(self, leg: Leg, top: int) -> list[_Candidate]:
        """Return all lots that could be part of a nearer choice, by ascending regret."""
        lowest = self._value(leg, top)
        found = []
        for direction in (range(top, leg.most + 1), range(top - 1, leg.least - 1, -1)):
            for lots in islice(direction, MOST_CANDIDATES):
                regret = self._value(leg, lots) - lowest
                if self.bound + regret >= self.best - LEAST_GAIN:
                    break
                found.append(_Candidate(regret, lots, leg.after(lots), leg.cost(lots)))
        return sorted(found, key=lambda candidate: (candidate.regret, candidate.lots))
