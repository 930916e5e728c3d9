"""Trades of the backtest: whole holdings that earn together what the backtest earns; as rows and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from research.report.backtest import write_backtest
from warehouse import readers

if TYPE_CHECKING:
    from pathlib import Path

    from lakes import Pipeline

LIVE = "SEMI JOIN (SELECT strategy_id FROM strategies WHERE is_live) USING (strategy_id)"


def test_trades_earn_what_the_backtest_earns(crowded: Pipeline) -> None:
    """Their profits add up to the gain of the equity, and those without an exit are the newest targets."""
    with crowded.lake.reader() as connection:
        one = connection.execute(
            f"""
            SELECT (SELECT sum(profit) FROM trades WHERE source = 'backtest'),
                (SELECT arg_max(equity, session_date) FROM backtest_daily {LIVE})
                - (SELECT initial_equity FROM strategies WHERE is_live),
                (SELECT count(*) FROM backtest_trades),
                (SELECT count(DISTINCT (symbol, lot)) FROM backtest_trades)
            """
        ).fetchone()
        held = connection.execute("SELECT symbol FROM backtest_trades WHERE exit_session IS NULL ORDER BY 1").fetchall()
        wanted = connection.execute("SELECT symbol FROM live_targets WHERE symbol <> 'CASH' ORDER BY 1").fetchall()
    assert one is not None
    profit, gain, rows, lots = one
    assert rows == lots > 0
    assert profit == pytest.approx(gain, rel=1e-9)
    assert held == wanted


def test_every_session_held_belongs_to_one_trade(crowded: Pipeline) -> None:
    """A holding of target_weights lies in exactly one trade, which is entered before it is left."""
    with crowded.lake.reader() as connection:
        astray = connection.execute(
            f"""
            SELECT held.symbol, held.session_date, count(trades.lot) AS trades
            FROM (FROM target_weights {LIVE} WHERE scenario_id = 0) AS held
            LEFT JOIN backtest_trades AS trades
                ON held.symbol = trades.symbol AND held.session_date >= trades.entry_session
                AND held.session_date < coalesce(trades.exit_session, DATE '9999-01-01')
            GROUP BY ALL HAVING count(trades.lot) <> 1
            """
        ).fetchall()
    assert astray == []


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("equity.csv", readers.LIVE_DAILY),
        ("weights.csv", readers.LIVE_WEIGHTS),
        ("trades.csv", readers.BACKTEST_TRADES),
    ],
)
def test_files_hold_the_relations(crowded: Pipeline, tmp_path: Path, name: str, question: readers.Question) -> None:
    """A spreadsheet opens what SQL answers: every row, days as days, figures to the last digit."""
    files = {file.name: file for file in write_backtest(crowded.lake, tmp_path / "reports").files}
    rows = readers.ask(crowded.lake, question)
    days = [name for name in map(str, rows.columns) if "session" in name and name != "sessions_held"]
    pd.testing.assert_frame_equal(pd.read_csv(files[name], parse_dates=days), rows, check_dtype=False, check_exact=True)
