"""Sessions with scenarios and deaths drawn by chance: nothing beyond the plan, nothing missed in silence, true ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hostile_scenarios import CHOICES, KINDS, written
from random_sessions import lived, page, wrong
from trading_processes import LIBRARIES
from virtual_trading import Verdict

from execution.simulator.grammar import read_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSIONS = 15
"""Of sixty, and two seeds of ten: the program lives through them all."""


@pytest.mark.slow
def test_sessions_by_chance() -> None:
    """With either client library each session ends as it must, and the page tells of each."""
    keys = [(seed, LIBRARIES[seed % len(LIBRARIES)]) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(keys, pool.map(lambda key: lived(key[1], key[0], SESSIONS), keys), strict=True))
    days = [each for sessions in found.values() for each in sessions]
    assert wrong(days) == []
    assert len(days) == SESSIONS * 2
    assert {each.ended for each in days} >= {Verdict.AS_PLANNED, Verdict.SAID, Verdict.ALARMED}
    assert any(each.killed for each in days)
    assert "| 2 | ib_insync | 15 |" in "\n".join(page(found))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_scenario(kind: str) -> None:
    """Whatever stands in the places, the simulator understands it."""
    for at in range(max(map(len, CHOICES.values()))):
        read_scenario(written(kind, partial(_nth, at)), kind)


def _nth(at: int, choices: Sequence[str]) -> str:
    return choices[at % len(choices)]
