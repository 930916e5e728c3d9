"""Saved variants: a line in portfolio.yaml that changes nothing else, and a row beside the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.errors import ConfigurationError
from warehouse.lake import scratch
from warehouse.landing import land_portfolio
from warehouse.settings.portfolio import FILE_NAME, load_portfolio, strategy_rows, write_override_template
from warehouse.settings.saving import save_variant

if TYPE_CHECKING:
    from pathlib import Path

CALM = {"strategy.top_n": "1", "strategy.corr_cap": "0.55"}


def test_a_saved_variant_is_a_row_under_its_name(tmp_path: Path) -> None:
    """Beside the grid, never live; a variant that the grid has gives its name to that row; the hash stays."""
    before = load_portfolio(tmp_path)
    for name, changes in (("calm", CALM), ("known", {"strategy.top_n": "1"})):
        assert save_variant(tmp_path, name, changes) == tmp_path / FILE_NAME
    after = load_portfolio(tmp_path)
    rows = {row.label: row for row in strategy_rows(after) if row.label}
    assert (rows["calm"].name, rows["calm"].grid_order) == ("calm (20/50 · top 1 · 0.55)", None)
    assert rows["known"].grid_order is not None
    assert not any(row.is_live for row in rows.values())
    assert len(strategy_rows(after)) == len(strategy_rows(before)) + 1
    assert after.parameters_hash == before.parameters_hash


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", "  calm: {top_n: 1, corr_cap: 0.55}"),
        ("saved: {}  # none yet\nuniverse: [SPY, QQQ]\n", "  calm: {top_n: 1, corr_cap: 0.55}"),
        ("# mine\nsaved:\n    # first\n    old: {top_n: 3}\n\n# costs\ncosts:\n  slippage: 0.0002\n", "    calm: "),
        ("costs:\n  slippage: 0.0002", "  calm: "),
    ],
)
def test_the_rest_of_the_file_stays_as_it_was(tmp_path: Path, written: str, line: str) -> None:
    """Comments, order and every other line; a missing section is added, and the variant joins an existing one."""
    path = tmp_path / FILE_NAME
    if written:
        path.write_text(written, encoding="utf-8")
    save_variant(tmp_path, "calm", CALM)
    now = path.read_text(encoding="utf-8").splitlines()
    assert [each for each in written.replace("saved: {}", "saved:").splitlines() if each and each not in now] == []
    assert any(each.startswith(line) for each in now)
    assert load_portfolio(tmp_path).saved["calm"] == {"top_n": 1, "corr_cap": 0.55}


def test_the_template_takes_a_variant(tmp_path: Path) -> None:
    """A file where every setting is commented out."""
    write_override_template(tmp_path)
    save_variant(tmp_path, "calm", CALM)
    assert load_portfolio(tmp_path).saved.keys() == {"calm"}


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("old", CALM, "the name is taken"),
        ("live", CALM, "the name is taken"),
        ("SPY", CALM, "the name is taken"),
        ("two words", CALM, "letters, digits"),
        ("wide", {"universe": "SPY,TLT"}, "universe cannot differ"),
        ("slow", {"strategy.vol_window": "30"}, "vol_window cannot differ"),
        ("same", {"strategy.top_n": "3"}, "the same strategy as old"),
        ("wrong", {"strategy.ema_fast": "60"}, "fast must be below slow"),
        ("none", {"strategy.top_n": "0"}, "does not allow"),
    ],
)
def test_what_cannot_be_saved_is_refused(tmp_path: Path, name: str, changes: dict[str, str], says: str) -> None:
    """With the reason, and the file as it was."""
    path = tmp_path / FILE_NAME
    path.write_text("saved:\n  old: {top_n: 3}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        save_variant(tmp_path, name, changes)
    assert says in str(refused.value)
    assert path.read_text(encoding="utf-8") == "saved:\n  old: {top_n: 3}\n"


def test_a_section_in_one_line_is_left_to_its_author(tmp_path: Path) -> None:
    """The message has the line to add."""
    (tmp_path / FILE_NAME).write_text("saved: {old: {top_n: 3}}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"Add `calm: \{top_n: 1, corr_cap: 0.55\}` there by hand"):
        save_variant(tmp_path, "calm", CALM)


def test_a_saved_variant_lands_with_the_next_build(tmp_path: Path) -> None:
    """Although nothing else of the configuration has changed; and once."""
    with scratch() as connection:
        land_portfolio(connection, load_portfolio(tmp_path))
        save_variant(tmp_path, "calm", CALM)
        assert land_portfolio(connection, load_portfolio(tmp_path))
        assert not land_portfolio(connection, load_portfolio(tmp_path))
        named = connection.execute("SELECT strategy_name FROM landing.strategies WHERE grid_order IS NULL").fetchall()
    assert ("calm (20/50 · top 1 · 0.55)",) in named
