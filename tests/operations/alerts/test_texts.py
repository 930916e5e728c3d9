"""Amounts are hidden, and nothing else."""

from __future__ import annotations

import pytest

from operations.alerts.texts import without_amounts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("3 of 3 orders filled.", "3 of 3 orders filled."),
        ("sold 7 of 10 SPY at 500.1200", "sold … of … SPY at 500.1200"),
        ("bought 1.5 GLD, 20 XLE", "bought … GLD, … XLE"),
        ("The trade is worth 12,345.60 USD.", "The trade is worth … USD."),
        ("$1,000 or USD 1000.50", "… or …"),
        ("-250 USD since yesterday", "… USD since yesterday"),
        ("Nothing listens at 127.0.0.1:4002 ([Errno 111])", "Nothing listens at 127.0.0.1:4002 ([Errno 111])"),
        ("2024-06-10 20:55 UTC, 16:00 New York time", "2024-06-10 20:55 UTC, 16:00 New York time"),
        ("77,162 MB are free; 2.5% of 71 ETFs", "77,162 MB are free; 2.5% of 71 ETFs"),
        ("It closes at 13:00 ET, in 30 minutes.", "It closes at 13:00 ET, in 30 minutes."),
    ],
)
def test_amounts_are_left_out(text: str, shown: str) -> None:
    """Money and shares become a sign; orders, addresses, dates and per cents stay."""
    assert without_amounts(text) == shown
