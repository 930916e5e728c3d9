"""Permuted worlds: the same moves of the same sessions in another order, the same order for every symbol."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from warehouse.errors import ConfigurationError, LakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from research.statistics.samples import FloatArray

HISTORY = 0
"""The scenario in which nothing is permuted."""

PRICES = ("adjusted_open", "adjusted_high", "adjusted_low", "adjusted_close", "close")


@dataclass(frozen=True, slots=True)
class PermutationWindow:
    """Sessions from start up to, not including, end."""

    start: date
    end: date

    @classmethod
    def parsed(cls, text: str) -> PermutationWindow:
        """Read START:END. Raises ConfigurationError if it is no such thing."""
        try:
            start, end = (date.fromisoformat(part) for part in text.split(":"))
        except ValueError as error:
            raise ConfigurationError(
                f"'{text}' is no window. Write it as START:END, for example 2015-05-13:2018-05-13."
            ) from error
        if start >= end:
            raise ConfigurationError(f"The window {text} ends before it starts. Write it as START:END.")
        return cls(start, end)

    def __str__(self) -> str:
        """Write it as the command line takes it."""
        return f"{self.start}:{self.end}"


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves of each symbol in each session, as ratios (sessions by symbols).

    Attributes:
        gap: Open over the close before.
        high: High over open.
        low: Low over open.
        body: Close over open.
        traded: Traded close over the traded close before; what commissions are paid on.
    """

    gap: FloatArray
    high: FloatArray
    low: FloatArray
    body: FloatArray
    traded: FloatArray


@dataclass(frozen=True, slots=True)
class World:
    """Bars up to a window's end, and its moves, ready to be permuted.

    Attributes:
        symbols: Those with a bar on every session of the window and one before it, ascending.
        sessions: All sessions, ascending, up to the window's end.
        first: Position of the first session that is permuted.
    """

    symbols: tuple[str, ...]
    sessions: NDArray[np.datetime64]
    first: int
    _bars: dict[str, FloatArray] = field(repr=False)
    _moves: Moves = field(repr=False)
    _before: dict[str, FloatArray] = field(repr=False)

    @classmethod
    def of(cls, bars: pd.DataFrame, window: PermutationWindow) -> World:
        """Split the window's bars into moves.

        Args:
            bars: One row per symbol and session: symbol, session_date, adjusted_open, adjusted_high, adjusted_low,
                adjusted_close and close, USD per share.
            window: What to permute. A bar with no session before it stays where it is: it is where prices start.

        Raises:
            LakeError: No symbol has a full history in the window, or it has fewer than two sessions.
        """
        days = bars["session_date"].to_numpy().astype("datetime64[D]")
        bars = bars[days < np.datetime64(window.end)]
        wide = bars.pivot_table(index="session_date", columns="symbol", values=list(PRICES), sort=True)
        sessions = wide.index.to_numpy().astype("datetime64[D]")
        first = max(1, int(np.searchsorted(sessions, np.datetime64(window.start))))
        names = wide["close"].columns
        known = wide["close"].notna().to_numpy()
        is_whole = known[first:].all(axis=0) & known[:first].any(axis=0)
        symbols = [str(name) for name in names[is_whole]]
        if not symbols or len(sessions) - first < 2:  # noqa: PLR2004 - one session has one order
            raise LakeError(
                f"There is nothing to permute from {window.start} to {window.end}: no symbol of the universe has a bar "
                "on every session there and one before. Choose another --window, or land more bars."
            )
        prices = {name: wide[name][symbols].to_numpy(dtype=float) for name in PRICES}
        before = {name: _last_known(prices[name][:first]) for name in ("adjusted_close", "close")}
        return cls(
            tuple(symbols),
            sessions,
            first,
            prices,
            _moves(prices, before, first),
            before,
        )

    @property
    def permuted(self) -> int:
        """Number of sessions that are permuted."""
        return len(self.sessions) - self.first

    @property
    def digest(self) -> str:
        """Hash (sha256, hex) of everything that a permuted world is made from."""
        content = hashlib.sha256(repr((self.symbols, self.first)).encode())
        content.update(np.ascontiguousarray(self.sessions).view(np.int64).tobytes())
        for name in PRICES:
            content.update(np.ascontiguousarray(self._bars[name]).tobytes())
        return content.hexdigest()

    def scenarios(self, seed: int, numbers: Sequence[int]) -> pa.Table:
        """Return staged bars of some scenarios, as the models read them; scenario 0 is history itself.

        Args:
            seed: Of the permutations.
            numbers: The scenarios.
        """
        return pa.concat_tables(self._staged(number, self._world(seed, number)) for number in numbers)

    def _world(self, seed: int, number: int) -> dict[str, FloatArray]:
        """Return prices, sessions by symbols."""
        if number == HISTORY:
            return self._bars
        order = permutation(seed, number, self.permuted)
        moves = self._moves
        close = self._before["adjusted_close"] * np.cumprod(moves.gap[order] * moves.body[order], axis=0)
        previous = np.vstack([self._before["adjusted_close"], close[:-1]])
        opened = previous * moves.gap[order]
        changed = {
            "adjusted_open": opened,
            "adjusted_high": opened * moves.high[order],
            "adjusted_low": opened * moves.low[order],
            "adjusted_close": close,
            "close": self._before["close"] * np.cumprod(moves.traded[order], axis=0),
        }
        return {name: np.vstack([self._bars[name][: self.first], changed[name]]) for name in PRICES}

    def _staged(self, number: int, prices: dict[str, FloatArray]) -> pa.Table:
        sessions, symbols = prices["close"].shape
        has_bar = ~np.isnan(prices["close"].T.ravel())
        columns: dict[str, pa.Array] = {
            "scenario_id": pa.array(np.full(int(has_bar.sum()), number, dtype=np.int32)),
            "symbol": pa.array(np.repeat(self.symbols, sessions)[has_bar]),
            "session_date": pa.array(np.tile(self.sessions, symbols)[has_bar]),
        }
        for name in ("close", "adjusted_high", "adjusted_low", "adjusted_close"):
            columns[name] = pa.array(prices[name].T.ravel()[has_bar])
        return pa.table(columns)


def permutation(seed: int, number: int, length: int) -> NDArray[np.int64]:
    """Return the order of a scenario's sessions: the same on every machine."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
    return generator.permutation(length)


def p_value(real: float | None, permuted: Sequence[float | None]) -> float:
    """Return the share of worlds that do at least as well: (1 + #{permuted ≥ real}) / (1 + permutations).

    A world in which the objective is not defined (None) has the worst there is.
    """
    floor = float("-inf")
    reached = sum((floor if each is None else each) >= (floor if real is None else real) for each in permuted)
    return (1 + reached) / (1 + len(permuted))


def _last_known(prices: FloatArray) -> FloatArray:
    """Return the last price of each column; NaN if there is none."""
    last = np.full(prices.shape[1], np.nan)
    for row in prices:
        last = np.where(np.isnan(row), last, row)
    return last


def _moves(prices: dict[str, FloatArray], before: dict[str, FloatArray], first: int) -> Moves:
    inside = {name: prices[name][first:] for name in PRICES}
    opened = inside["adjusted_open"]
    previous = {name: np.vstack([before[name], inside[name][:-1]]) for name in before}
    return Moves(
        gap=opened / previous["adjusted_close"],
        high=inside["adjusted_high"] / opened,
        low=inside["adjusted_low"] / opened,
        body=inside["adjusted_close"] / opened,
        traded=inside["close"] / previous["close"],
    )
