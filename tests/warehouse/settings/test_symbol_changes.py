"""Renamed and ended symbols in the configuration: what is refused, and what becomes of the rest."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import FILE_NAME, load_portfolio
from warehouse.settings.symbol_changes import change_rows

if TYPE_CHECKING:
    from pathlib import Path


def write(home: Path, text: str) -> None:
    """Put an override into a home."""
    (home / FILE_NAME).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "symbol_changes: [{old: FB, new: META, date: soon}]",
            "symbol_changes[1].date = soon: allowed is the first session under the new symbol",
        ),
        ("symbol_changes: [{old: FB, ended: 2022-06-08, to: META}]", "symbol_changes[1].to = META: unknown key."),
        ("symbol_changes: {old: FB}", "symbol_changes = {…}: allowed is a list of {old: FB, new: META, date:"),
        ("symbol_changes: [{old: FB}]", "symbol_changes[1] = {…}: allowed is old with new and date (renamed), or"),
        ("symbol_changes: [{old: FB, new: META}]", "allowed is old with new and date (renamed), or old with ended"),
        (
            "symbol_changes: [{old: FB, new: META, date: 2022-06-09, ended: 2022-06-08}]",
            "allowed is old with new and date (renamed), or old with ended",
        ),
        ("symbol_changes: [{old: FB, new: FB, date: 2022-06-09}]", "FB → FB comes back to a name that it had"),
        (
            "symbol_changes: [{old: A, new: B, date: 2022-06-09}, {old: B, new: C, date: 2020-01-02}]",
            "B is renamed in turn on 2020-01-02, which is not later",
        ),
        (
            "symbol_changes: [{old: SPY, new: SPX, date: 2022-06-09}]",
            "symbol_changes[1].old = SPY: SPY is renamed to SPX: list SPX, which has the history of both",
        ),
    ],
)
def test_a_contradiction_is_refused_where_it_stands(tmp_path: Path, text: str, expected: str) -> None:
    """The message names the file and line, the key, what was found, and what is allowed."""
    write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_portfolio(tmp_path)
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  {tmp_path / FILE_NAME}:1: ")
    assert expected in line


def test_changes_of_symbols_change_the_hash_and_follow_each_other(tmp_path: Path) -> None:
    """An empty list leaves the hash as it was; a symbol renamed twice goes on under the newest name; one may end."""
    write(tmp_path, "symbol_changes: []")
    assert load_portfolio(tmp_path).parameters_hash == load_portfolio(tmp_path / "none").parameters_hash
    renamed = "{old: B, new: C-A, date: 2022-06-09}, {old: A, new: B, date: 2020-01-02}"
    write(tmp_path, f"symbol_changes: [{renamed}, {{old: X, ended: 2021-01-04}}]")
    portfolio = load_portfolio(tmp_path)
    assert portfolio.parameters_hash != load_portfolio(tmp_path / "none").parameters_hash
    rows = [tuple(row.values()) for row in change_rows(portfolio.symbol_changes)]
    assert rows == [
        ("A", "C.A", date(2020, 1, 2), None),
        ("B", "C.A", date(2022, 6, 9), None),
        ("X", None, None, date(2021, 1, 4)),
    ]
