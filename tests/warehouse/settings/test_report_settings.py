"""The configuration's section about the tear sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import FILE_NAME, load_portfolio

if TYPE_CHECKING:
    from pathlib import Path


def test_benchmarks_are_symbols_and_mixes_and_change_no_number(tmp_path: Path) -> None:
    """Whatever their case, they are read in one form, and the parameters' hash stays what it is."""
    defaults = load_portfolio(tmp_path)
    assert defaults.report.benchmarks == ("SPY", "60/40", "Equal weight")
    (tmp_path / FILE_NAME).write_text("report: {benchmarks: [qqq, 60/40, equal WEIGHT]}\n", encoding="utf-8")
    portfolio = load_portfolio(tmp_path)
    assert portfolio.report.benchmarks == ("QQQ", "60/40", "Equal weight")
    assert portfolio.parameters_hash == defaults.parameters_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "report.benchmarks = []: allowed is a list of 1 to 5: 60/40, Equal weight, or symbols"),
        ("[40/60]", "report.benchmarks[1] = 40/60: allowed is a list of 1 to 5"),
        ("[A, B, C, D, E, F]", "allowed is a list of 1 to 5"),
        ("[SPY, spy]", "SPY stands there 2 times; once is allowed"),
    ],
)
def test_what_is_no_benchmark_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """The message says where, and what is allowed."""
    (tmp_path / FILE_NAME).write_text(f"report: {{benchmarks: {text}}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_portfolio(tmp_path)
    assert expected in str(refused.value)
