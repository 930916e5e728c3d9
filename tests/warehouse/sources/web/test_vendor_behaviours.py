"""Every misbehaviour that was seen of a vendor, played by each over a real socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from asking_vendors import EVENING, MARKET, VENDORS, assert_is_market, quick
from fake_vendors import BEHAVIOURS
from vendor_market import LAST
from vendor_server import serving

from warehouse.sources.failover import Failover, WantedBars
from warehouse.sources.faults import FaultKind

if TYPE_CHECKING:
    from warehouse.sources.failover import SymbolOutcome

QUOTA, AUTH, NOT_FOUND = FaultKind.QUOTA, FaultKind.AUTH, FaultKind.NOT_FOUND
TRANSIENT, MALFORMED, STALE = FaultKind.TRANSIENT, FaultKind.MALFORMED, FaultKind.STALE

FAULTS = {
    "prose_unknown": MALFORMED,
    "prose_month_quota": MALFORMED,
    "json_notice": MALFORMED,
    "json_null": MALFORMED,
    "json_of_another_kind": MALFORMED,
    "results_absent": MALFORMED,
    "empty_body": MALFORMED,
    "no_data_prose": MALFORMED,
    "header_only": MALFORMED,
    "html": MALFORMED,
    "gzip_of_html": MALFORMED,
    "gzip_unannounced": MALFORMED,
    "gzip_broken": MALFORMED,
    "429_plain": QUOTA,
    "429_hourly": QUOTA,
    "429_daily": QUOTA,
    "429_retry_after": QUOTA,
    "429_retry_at": QUOTA,
    "429_reset": QUOTA,
    "429_lying_reset": QUOTA,
    "402": QUOTA,
    "401": AUTH,
    "403_html": MALFORMED,
    "404_html": MALFORMED,
    "redirect": MALFORMED,
    "500": TRANSIENT,
    "503_html": TRANSIENT,
    "truncated_json": MALFORMED,
    "connection_cut": TRANSIENT,
    "chunks_cut": TRANSIENT,
    "slow_drip": TRANSIENT,
    "no_rows": NOT_FOUND,
    "contradictory_duplicate": MALFORMED,
    "a_tenth_missing": MALFORMED,
    "null_at_the_end": STALE,
    "old": STALE,
    "row_is_text": MALFORMED,
    "day_unreadable": MALFORMED,
}
"""Behaviours after which no bar is taken as fresh, and the fault that is told of every vendor …"""
BUT_FOR = {
    ("tiingo", "prose_month_quota"): QUOTA,
    ("yahoo", "no_rows"): MALFORMED,  # dividends without bars
    ("alpaca", "token_repeats"): MALFORMED,
    ("alpaca", "tokens_never_end"): MALFORMED,
}
"""… but for these."""
NOTHING_AMISS = ("honest", "clock_skew", "duplicate", "newest_first", "numbers_as_texts")
ONE_GAP = ("null_in_the_middle", "nan_in_the_middle", "bare_nan", "absurd_number", "row_missing")
PAGES = {"token_repeats", "tokens_never_end"}  # only Alpaca has them
COLUMNS = {"row_is_text"}  # Yahoo has no rows
CASES = [
    (vendor, behaviour)
    for vendor in VENDORS
    for behaviour in BEHAVIOURS
    if not (behaviour in PAGES and vendor != "alpaca") and not (behaviour in COLUMNS and vendor == "yahoo")
]
TOMORROW = datetime(2025, 1, 1, tzinfo=UTC)  # the test's evening is past midnight of UTC
RESETS = {
    "429_hourly": EVENING + timedelta(hours=1),
    "429_daily": TOMORROW,
    "429_retry_after": EVENING + timedelta(hours=2),
    "429_retry_at": EVENING + timedelta(hours=2),
    "429_reset": EVENING + timedelta(hours=2),
    "429_lying_reset": EVENING + timedelta(days=31),
    "402": TOMORROW,
    "prose_month_quota": TOMORROW,
}


def ask(vendor: str, behaviour: str, *symbols: str) -> list[SymbolOutcome]:
    """Ask a vendor that always behaves so."""
    fake = VENDORS[vendor](MARKET, lambda: EVENING, lambda _number: BEHAVIOURS[behaviour])
    with serving(fake) as url:
        source = quick(vendor, url, deadline=0.2 if behaviour == "slow_drip" else 20)
        return Failover([source]).fetch(WantedBars(symbols, LAST))


def test_every_behaviour_has_an_expected_outcome() -> None:
    """No behaviour is played without saying what must follow from it."""
    assert {*FAULTS, *NOTHING_AMISS, *ONE_GAP, *PAGES, "silently_missing"} == BEHAVIOURS.keys()


@pytest.mark.parametrize(("vendor", "behaviour"), [case for case in CASES if case[1] in {*FAULTS, *PAGES}])
def test_a_fault_is_told_and_no_bar_is_taken_for_it(vendor: str, behaviour: str) -> None:
    """A reply that is no honest history becomes the fault it is; only stale bars, which are true, come with it."""
    (outcome,) = ask(vendor, behaviour, "QQQ")
    fault = outcome.faults[vendor]
    assert fault.kind == BUT_FOR.get((vendor, behaviour), FAULTS.get(behaviour)), fault
    assert not outcome.is_fresh
    assert (outcome.answer is not None) == (fault.kind is STALE)
    if fault.kind is QUOTA and behaviour in RESETS:
        assert fault.resets_at == RESETS[behaviour]


@pytest.mark.parametrize(("vendor", "behaviour"), [case for case in CASES if case[1] in NOTHING_AMISS])
def test_bars_are_the_market_s_in_any_order_and_form(vendor: str, behaviour: str) -> None:
    """A plain, a split and a specially paying symbol come out right, summer and winter, however the rows are sent."""
    for outcome in ask(vendor, behaviour, *MARKET):
        assert outcome.is_fresh, outcome.faults
        assert outcome.answer
        assert not outcome.shortfall
        assert (outcome.answer.is_whole, outcome.answer.adjusted_through) == (True, LAST)
        assert outcome.answer.bars["is_final"].to_pylist() == [True] * outcome.answer.bars.num_rows
        assert_is_market(outcome.answer.bars, MARKET[outcome.symbol])


@pytest.mark.parametrize(("vendor", "behaviour"), [case for case in CASES if case[1] in ONE_GAP])
def test_a_bad_row_costs_its_session_and_is_named(vendor: str, behaviour: str) -> None:
    """A row that is not sent, or whose close is no number, is a named gap, and no other is touched."""
    (outcome,) = ask(vendor, behaviour, "SPY")
    assert outcome.is_fresh
    assert outcome.answer
    days = [bar.day for bar in MARKET["SPY"]]
    middle = len(days) // 2
    # Alpaca's dividends are derived from both closes of a day and of the one before.
    costs = 2 if vendor == "alpaca" and behaviour != "row_missing" else 1
    assert outcome.gaps == tuple(days[middle : middle + costs])
    assert f"{costs} sessions have no bar" in outcome.shortfall
    assert_is_market(outcome.answer.bars, MARKET["SPY"], frozenset(outcome.gaps))


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_symbol_that_is_left_out_is_not_found(vendor: str) -> None:
    """A symbol that is missing from the answer, with a word or without, is not found; the others have their bars."""
    outcomes = {outcome.symbol: outcome for outcome in ask(vendor, "silently_missing", *MARKET)}
    assert outcomes["QQQ"].faults[vendor].kind is NOT_FOUND
    assert outcomes["QQQ"].answer is None
    assert outcomes["SPY"].is_fresh
    assert outcomes["TLT"].is_fresh
