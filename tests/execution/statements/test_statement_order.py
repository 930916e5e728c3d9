"""The same statements in any order, and again: one ledger."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from flex import DAY, StatementXml, movement, trade
from hypothesis import given, settings
from hypothesis import strategies as st
from stated_accounts import EXEC_ID, KNOWN, MORNING, agreeing, record

from execution.installation import Installation
from execution.ledger.ledger import Ledger, ledger_url
from execution.ledger.rows import to_row
from execution.statements import judging

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DAYS = [
    agreeing(),
    replace(agreeing(), positions={"SPY": 11}),
    replace(agreeing(), movements=[movement(1, "Deposits/Withdrawals", 50)], cash={"USD": (10_000, "5049.65")}),
    replace(
        agreeing(),
        movements=[movement(1, "Deposits/Withdrawals", 55), movement(2, "Dividends", 3)],
        cash={"USD": (10_000, "5057.65")},
        generated="2024-06-13;08:00:00 EDT",
    ),
    replace(agreeing(), trades=[trade(EXEC_ID), trade("x.x.x.01", "TLT", 1, 90)], positions={"SPY": 10, "TLT": 1}),
    StatementXml(first=DAY, last=DAY.replace(day=13), trades=[trade(EXEC_ID)], positions={"SPY": 10}),
]
"""Statements that overlap, repeat and contradict each other."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """The ledger after each statement once."""
    return _facts(tmp_path_factory.mktemp("plain"), range(len(DAYS)))


@given(order=st.permutations(range(len(DAYS))), again=st.lists(st.sampled_from(range(len(DAYS))), max_size=4))
@settings(max_examples=8, deadline=None)
def test_statements_in_any_order_and_again_give_the_same_ledger(
    tmp_path_factory: pytest.TempPathFactory, plain: set[tuple[str, str]], order: list[int], again: list[int]
) -> None:
    """Everything that they state, enter and raise is there once, whichever came first."""
    assert _facts(tmp_path_factory.mktemp("order"), chain(order, again)) == plain


def _facts(home: Path, order: Iterable[int]) -> set[tuple[str, str]]:
    """Kind and key of every event after these statements."""
    here = Installation(home)
    record(here, *KNOWN)
    for place in order:
        judging.judge(here, DAYS[place].document, MORNING)
    ledger = Ledger.open(ledger_url(home))
    found = [to_row(each.event, each.sequence, each.recorded_at, "") for each in ledger.read()]
    ledger.close()
    keys = [(str(row["kind"]), row["unique_key"] or row["payload"]) for row in found]
    assert len(keys) == len(set(keys))
    return set(keys)
