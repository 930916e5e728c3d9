"""Events as text: whatever is recorded is read back equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from happenings import SCOPE, commission, decision, event, execution, one_of_each, order
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.ledger.events import KINDS, PAYLOADS, EventKind
from execution.ledger.texts import from_text, to_text
from execution.models import Alarm, Execution, Notice
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from decimal import Decimal

    from execution.ledger.events import Payload

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata")])
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds have no zone
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)  # the first example builds the codec
@given(quantity=AMOUNTS, price=AMOUNTS, executed_at=TIMES)
def test_an_execution_comes_back(quantity: Decimal, price: Decimal, executed_at: datetime) -> None:
    """Amounts keep every digit, and a time its instant, in whatever zone it was."""
    made = replace(execution(order(), "a.01", 1), quantity=quantity, price=price, executed_at=executed_at)
    back = from_text(EventKind.EXECUTED, to_text(made))
    assert isinstance(back, Execution)
    # Times of different zones never compare equal within the hour that a clock repeats.
    assert replace(back, executed_at=executed_at) == made
    assert back.executed_at.timestamp() == executed_at.timestamp()
    assert str(back.quantity) == str(quantity)


@settings(deadline=None)  # the first example builds the codec
@given(words=WORDS, code=st.integers(-1, 20_000))
def test_words_come_back(words: str, code: int) -> None:
    """Whatever text a message holds, it is one line of text and comes back as it was."""
    for payload in (Notice(code, words, words), Alarm(words)):
        text = to_text(payload)
        assert "\n" not in text
        assert from_text(KINDS[type(payload)], text) == payload


@settings(deadline=None)  # the first example builds the codec
@given(value=st.floats(-1, 1), name=WORDS)
def test_inputs_come_back(value: float, name: str) -> None:
    """Correlations keep every bit, and an unknown one stays unknown."""
    made = replace(decision(), correlations={name: {"A": value, "B": None}})
    assert from_text(EventKind.DECIDED, to_text(made)) == made


def test_each_kind_has_its_payload() -> None:
    """Kinds and types of payload are one to one."""
    assert set(PAYLOADS) == set(EventKind)
    assert len(KINDS) == len(EventKind)


@pytest.mark.parametrize("payload", one_of_each(), ids=lambda payload: type(payload).__name__)
def test_a_dry_run_happens_as_often_as_it_likes(payload: Payload) -> None:
    """Nothing of a dry run is unique."""
    assert event(payload, replace(SCOPE, mode=Mode.DRY_RUN)).unique_key is None


def test_equal_amounts_are_one_commission() -> None:
    """0.350 and 0.35 are the same report of a commission; 0.36 is another."""
    keys = [event(commission("a.01", cost)).unique_key for cost in ("0.35", "0.350", "0.36", "1E+1", "10")]
    assert (len(set(keys)), keys[0] == keys[1], keys[3] == keys[4]) == (3, True, True)
