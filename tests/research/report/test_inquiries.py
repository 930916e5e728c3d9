"""Searches, checks and accounts: recorded, read again, and shown on the page."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lakes import World, land_lake
from report_market import SETTINGS, bars

from research.checks.lookahead import Checked, Leak
from research.checks.warmup import Movement
from research.inquiries import InquiryKind, record_inquiry
from research.report.facts.account import read_accounts
from research.report.facts.inquiries import Inquiry, read_inquiries
from research.report.page.rendering import render

if TYPE_CHECKING:
    from pathlib import Path

    from report_market import Gathered

    from warehouse.lake import Lake

SEARCH = {
    "folds": [{"fold_id": 1}, {"fold_id": 2}],
    "out_of_sample": {"search": {"sharpe": 0.5, "cagr": 0.04}, "grid": {"sharpe": None}},
    "stability": {
        "winner": {"ema_fast": 8, "corr_cap": 0.65},
        "objective": 1.4,
        "neighbours_median": 0.88,
        "is_fragile": False,
        "edges": ["ema_fast"],
    },
}
MOVED = [Movement("emas", "ema", 100, 0.02, 1), Movement("features", "atr", 100, 0.001, 0)]
DAY = date(2024, 3, 1)
LEAK = Leak("features", "atr", DAY, DAY, 3)


def part(page: str, name: str) -> str:
    """The text of a section."""
    found = page[page.index(f'<section id="{name}"') :].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def inquiry(asked: dict[str, int], found: object, *, is_current: bool = True) -> Inquiry:
    """An answer of a day."""
    return Inquiry(DAY, is_current, asked, found)


def test_the_newest_of_each_kind_is_read(tmp_path: Path) -> None:
    """Kinds that nobody asked are not there; an answer to another configuration is told apart."""
    lake = land_lake(tmp_path / "home", World(bars(5), dict(SETTINGS)))
    with lake.reader() as connection:
        assert read_inquiries(connection) == {}
    record_inquiry(lake, InquiryKind.SEARCH, {"trials": 1}, {"older": True})
    record_inquiry(lake, InquiryKind.SEARCH, {"trials": 2}, SEARCH)
    with lake.reader() as connection:
        found = read_inquiries(connection)
    assert set(found) == {"search"}
    assert (found["search"].asked, found["search"].found, found["search"].is_current) == ({"trials": 2}, SEARCH, True)
    (lake.home / "portfolio.yaml").write_text("strategy: {top_n: 1}\n", encoding="utf-8")
    record_inquiry(lake, InquiryKind.WARM_UP, {}, [asdict(each) for each in MOVED])
    with lake.reader() as connection:
        assert not read_inquiries(connection)["warmup"].is_current


def test_the_page_shows_what_was_found(gathered: Gathered) -> None:
    """The winner among its neighbours, the methods out of sample, the checks, each with its date and options."""
    inquiries = {
        "search": inquiry({"trials": 200}, SEARCH),
        "warmup": inquiry({}, [asdict(each) for each in MOVED], is_current=False),
        "lookahead": inquiry({"cuts": 1}, asdict(Checked((DAY,), 35, 192, ()))),
    }
    page = render(replace(gathered.facts, inquiries=inquiries), gathered.curves).html
    search, checks = part(page, "search"), part(page, "checks")
    assert "Winner 1.40 , neighbours 0.88" in search
    assert "ema_fast 8, corr_cap 0.65; at the edge of what was searched: ema_fast" in search
    assert "Asked on 2024-03-01, trials 200." in search
    assert "100 2e-02 1" in checks
    assert "Of another configuration than this page" in checks
    assert "nothing looks ahead (192 columns of 35 relations)" in checks


def test_what_looks_ahead_is_named(gathered: Gathered) -> None:
    """A leak is told as one; what nobody asked names its command."""
    found = asdict(Checked((DAY,), 35, 192, (LEAK,)))
    page = render(replace(gathered.facts, inquiries={"lookahead": inquiry({}, found)}), gathered.curves).html
    assert "1 columns know later bars : atr." in part(page, "checks")
    assert "swing check warmup" in part(page, "checks")
    assert "swing optimize" in part(page, "search")


def test_an_account_stands_beside_the_backtest(report_lake: Lake, gathered: Gathered) -> None:
    """Its returns over the sessions that both have; a session without a return is left out."""
    live = gathered.curves.live
    days = [f"{day:%Y-%m-%d}" for day in live.sessions[-4:]]
    with report_lake.reader() as connection:
        connection.execute(
            "CREATE TEMP TABLE account_daily "
            "(account_id VARCHAR, session_date DATE, equity DOUBLE, daily_return DOUBLE)"
        )
        assert read_accounts(connection, live) == []
        connection.executemany(
            "INSERT INTO account_daily VALUES ('DU1', ?, ?, ?)",
            [[days[0], 1000, None], [days[1], 1010, 0.01], [days[2], 1020, -0.02], [days[3], 1030, 0.03]],
        )
        ((record, curves),) = read_accounts(connection, live)
    assert (record.account_id, record.sessions, record.equity) == ("DU1", 3, 1030)
    assert record.total == pytest.approx(1.01 * 0.98 * 1.03 - 1)
    assert record.drawdown == pytest.approx(-0.02)
    assert record.expected == pytest.approx(np.prod(1 + live.returns[-3:]) - 1)
    facts = replace(gathered.facts, accounts=(record,))
    page = render(facts, replace(gathered.curves, accounts=(curves,))).html
    assert "DU1, 3 sessions" in part(page, "account")
    assert 'id="picture-account_du1"' in page


def test_without_an_account_the_page_says_how_to_get_one(gathered: Gathered) -> None:
    """Nothing was traded: the section names the command."""
    assert "swing trade --paper" in part(render(gathered.facts, gathered.curves).html, "account")
