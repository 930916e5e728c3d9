"""How figures are written, and how facts become JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd
import pytest

from research.report.facts.record import as_record
from research.report.formats import day, dollars, gain, interval, percent, probability, ratio
from research.report.page.elements import number

MINUS, DASH = "\u2212", "\u2013"


class Colour(StrEnum):
    """A name among facts."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Fact:
    """Facts inside facts."""

    name: Colour
    parts: tuple[float | None, ...]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.1234), "12.3%"),
        (percent(-0.1234), f"{MINUS}12.3%"),
        (percent(-0.00001), "0.0%"),
        (percent(None), DASH),
        (percent(math.nan), DASH),
        (gain(0.1234), "+12.3%"),
        (gain(-0.1234, 0), f"{MINUS}12%"),
        (gain(0.00001), "0.0%"),
        (gain(None), DASH),
        (ratio(1234.567, 1), "1,234.6"),
        (ratio(-0.004), "0.00"),
        (probability(0.0), "0.00"),
        (probability(0.0001), "< 0.001"),
        (probability(0.9999), "> 0.99"),
        (probability(0.7261), "0.73"),
        (probability(1.0), "1.00"),
        (probability(0.0432), "0.043"),
        (dollars(12345.6), "$12,346"),
        (day(date(2024, 3, 1)), "2024-03-01"),
        (day(None), DASH),
        (interval(-0.1, 0.2, ratio), f"{MINUS}0.10 to 0.20"),
        (interval(None, 0.2, ratio), DASH),
    ],
)
def test_a_figure_is_written_for_people(written: str, expected: str) -> None:
    """A true minus sign, no sign on nothing, no certainty that is not one, a dash for what is not defined."""
    assert written == expected


def test_a_number_carries_its_exact_value() -> None:
    """A script reads the full precision where a person reads two digits; nothing has no value."""
    assert str(number(0.1 + 0.2, ratio)) == '<data value="0.30000000000000004">0.30</data>'
    assert str(number(None, ratio)) == DASH
    assert str(number(0.0001, probability)) == '<data value="0.0001">&lt; 0.001</data>'


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (Fact(Colour.RED, (1.5, None, math.nan)), {"name": "red", "parts": [1.5, None, None]}),
        ({0.05: date(2024, 3, 1), Colour.RED: pd.Timestamp("2024-03-02")}, {"0.05": "2024-03-01", "red": "2024-03-02"}),
        (np.array([[1.0, np.inf], [2, 3]]), [[1.0, None], [2.0, 3.0]]),
        (pd.DataFrame({"year": [2024], "Jan": [0.1]}), [{"year": 2024, "Jan": 0.1}]),
        (pd.DatetimeIndex(["2024-03-01"]), ["2024-03-01"]),
        ((np.int64(3), np.bool_(True), "text", pd.NaT), [3, True, "text", None]),  # noqa: FBT003 - a value among others
    ],
)
def test_facts_become_json(fact: object, expected: object) -> None:
    """Dataclasses become objects, arrays lists, dates texts, and what is not defined null."""
    assert as_record(fact) == expected


def test_what_has_no_json_form_is_refused() -> None:
    """A fact that would be written as a program's own text is an error."""
    with pytest.raises(TypeError, match="object has no JSON form"):
        as_record({"fact": object()})
