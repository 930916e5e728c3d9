"""One holding that cannot be priced vetoes nothing else: its value counts, the rest is allocated, and it is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from situations import BEFORE, NOW, PRICES, Case, bar, codes, quote, rules, traded

from execution.decision import decide, equity
from execution.refusals import RefusalCode
from execution.targets import Hold

if TYPE_CHECKING:
    from execution.models import Plan
    from execution.planning.situation import Situation

HELD = {"XLE": "55", "TLT": "40"}
WANTED = {"SPY": "0.5", "GLD": "0.45"}
WIDE = rules(order_value="1000000", day_value="1000000", settlement="unsettled_ok")


def _without_quote(symbol: str, case: Case | None = None) -> Situation:
    situation = (case or Case(WANTED, HELD, rules=WIDE)).situation
    return replace(situation, prices={name: price for name, price in situation.prices.items() if name != symbol})


def _plan(situation: Situation) -> Plan:
    return decide(situation)[1]


def _stale(situation: Situation) -> Situation:
    old = quote("XLE", Decimal(91), NOW - timedelta(hours=5))
    return replace(situation, prices={**situation.prices, "XLE": old})


def _implausible(situation: Situation) -> Situation:
    return replace(situation, prices={**situation.prices, "XLE": quote("XLE", Decimal(40))})


UNPRICED = {
    "halted: no quote": _without_quote("XLE"),
    "halted: an old quote": _stale(Case(WANTED, HELD, rules=WIDE).situation),
    "doubted": _implausible(Case(WANTED, HELD, rules=WIDE).situation),
}


@pytest.mark.parametrize("situation", UNPRICED.values(), ids=UNPRICED)
def test_the_rest_is_allocated(situation: Situation) -> None:
    """The held symbol stays, its value counts, and the others share what the targets would invest beyond it."""
    decision, plan = decide(situation)
    assert not plan.is_blocked
    assert RefusalCode.HOLDING_SET_ASIDE in codes(plan, "XLE")
    orders = traded(plan)
    assert orders["TLT"] == -40
    assert "XLE" not in orders
    worth = 10_000 + 55 * 91 + 40 * 90
    invested = sum(shares * Decimal(PRICES[symbol]) for symbol, shares in orders.items() if shares > 0)
    assert abs(invested + 55 * 91 - Decimal("0.95") * worth) < 600  # whole shares of SPY
    assert equity(situation.account, situation.ours, decision) == worth


def test_a_symbol_outside_the_universe_is_judged_and_sold() -> None:
    """What is held of a symbol that left the universe has a close and a volatility like any other."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    universe = tuple(symbol for symbol in situation.targets.universe if symbol != "XLE")
    plan = _plan(replace(situation, targets=replace(situation.targets, universe=universe)))
    assert not plan.is_blocked
    assert traded(plan)["XLE"] == -55


def test_a_holding_without_any_bar_or_price_counts_nothing() -> None:
    """Its worth is unknown; the rest is allocated all the same."""
    situation = _without_quote("XLE")
    bars = {symbol: each for symbol, each in situation.targets.final_bars.items() if symbol != "XLE"}
    plan = _plan(replace(situation, targets=replace(situation.targets, final_bars=bars)))
    assert not plan.is_blocked
    assert "no known worth" in next(refusal.message for refusal in plan.refusals if refusal.symbol == "XLE")


@pytest.mark.parametrize(
    ("close", "worth"), [("0.5", "27.50 at 0.5"), ("0", "2200.00 at 40"), ("-91", "2200.00 at 40")]
)
def test_a_doubted_price_counts_only_without_a_close(close: str, worth: str) -> None:
    """The last close is the worth, be it a penny; one that is no price leaves what was doubted."""
    situation = UNPRICED["doubted"]
    bars = {**situation.targets.final_bars, "XLE": bar("XLE", Decimal(close), session_date=BEFORE)}
    plan = _plan(replace(situation, targets=replace(situation.targets, final_bars=bars)))
    said = {refusal.message for refusal in plan.refusals if refusal.code is RefusalCode.HOLDING_SET_ASIDE}
    assert any(f"worth {worth}" in message for message in said), said


def test_a_wanted_symbol_without_a_price_is_not_bought() -> None:
    """The others are traded as wanted."""
    plan = _plan(_without_quote("GLD"))
    assert not plan.is_blocked
    assert "GLD" not in traded(plan)
    assert traded(plan)["SPY"] > 0


def test_a_halted_symbol_does_not_stop_the_others_for_want_of_its_bar() -> None:
    """Without a quote and without today's bar it is halted; with a quote the bar alone is missing, which stops."""
    bars = {symbol: bar(symbol, Decimal(price), session_date=BEFORE) for symbol, price in PRICES.items()}
    fresh = {name: replace(each, session_date=date(2024, 6, 12), is_final=False) for name, each in bars.items()}
    halted = _without_quote("XLE")
    targets = replace(halted.targets, bars={**fresh, "XLE": bars["XLE"]})
    assert not _plan(replace(halted, targets=targets)).is_blocked
    quoted = Case(WANTED, HELD, rules=WIDE).situation
    assert _plan(replace(quoted, targets=targets)).is_blocked


def test_without_most_prices_everything_stops() -> None:
    """A feed that is down is no halt of a symbol."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    few = {symbol: situation.prices[symbol] for symbol in ("SPY", "GLD", "TLT")}
    assert _plan(replace(situation, prices=few)).is_blocked


def test_the_policy_may_be_to_stop() -> None:
    """trading.unpriced: stop lets one holding stop everything."""
    case = Case(WANTED, HELD, rules=rules(unpriced="stop"))
    plan = _plan(_without_quote("XLE", case))
    assert plan.is_blocked
    assert RefusalCode.PRICE_MISSING in codes(plan, "XLE")


def test_a_holding_that_has_ended_is_left_and_named() -> None:
    """Whatever trades under its name today is another's: the holding keeps its last close, and says the day."""
    ended = replace(WIDE, ended={"XLE": date(2024, 6, 7), "GLD": date(2030, 1, 2)})
    plan = _plan(Case(WANTED, HELD, rules=ended).situation)
    assert not plan.is_blocked
    assert "XLE" not in traded(plan)
    assert traded(plan)["GLD"] > 0
    apart = [refusal for refusal in plan.refusals if refusal.code is RefusalCode.HOLDING_SET_ASIDE]
    (named,) = [refusal.message for refusal in apart if refusal.symbol == "XLE"]
    assert named.startswith("55 shares of XLE, worth ")
    assert "XLE traded for the last time on 2024-06-07" in named
    assert "`swing release XLE`" in named


def test_a_released_symbol_is_neither_counted_nor_traded() -> None:
    """It is not ours, whatever the targets want of it."""
    situation = Case(WANTED | {"XLE": "0.05"}, HELD, rules=WIDE).situation
    situation = replace(situation, ours=situation.ours - {"XLE"})
    plan = _plan(situation)
    assert not plan.is_blocked
    assert "XLE" not in traded(plan)
    assert situation.equity == 10_000 + 40 * 90


@pytest.mark.parametrize("field", ["parameters_hash", "code_version"])
def test_targets_of_another_configuration_are_not_traded(field: str) -> None:
    """Targets built with other parameters, or by another program, are refused with what to do."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    changes: dict[str, Any] = {field: "another"}
    origin = replace(situation.targets.origin, **changes)
    plan = _plan(replace(situation, targets=replace(situation.targets, origin=origin)))
    assert plan.is_blocked
    assert codes(plan, "") == {RefusalCode.TARGETS_FOREIGN}
    assert "Run the pipeline" in plan.refusals[0].message


def test_the_record_says_what_the_targets_were_built_with() -> None:
    """The decision keeps the targets' own parameters, program and snapshot beside today's."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    origin = replace(situation.targets.origin, parameters_hash="theirs", bars_snapshot=41)
    decision, _ = decide(replace(situation, targets=replace(situation.targets, origin=origin)))
    assert (decision.targets_parameters_hash, decision.targets_bars_snapshot) == ("theirs", 41)
    assert decision.parameters_hash == situation.rules.parameters_hash


def test_a_typo_in_the_universe_is_named() -> None:
    """A symbol without any bar shrinks the portfolio: each plan says so, and goes on."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    bars = {symbol: bar(symbol, Decimal(price), session_date=date(2024, 6, 12)) for symbol, price in PRICES.items()}
    targets = replace(situation.targets, universe=(*situation.targets.universe, "SPYY"), bars=bars)
    plan = _plan(replace(situation, targets=targets))
    assert not plan.is_blocked
    assert codes(plan, "SPYY") == {RefusalCode.UNIVERSE_WITHOUT_BARS}


def test_held_targets_are_traded_and_named() -> None:
    """A weight kept for doubtful bars is traded with the others, and the record says which and why."""
    situation = Case(WANTED, HELD, rules=WIDE).situation
    hold = Hold(
        decided_on=date(2024, 6, 12),
        is_whole_book=False,
        symbols=("SPY",),
        kept={"SPY": Decimal("0.45")},
        explanation="Bars in quarantine keep SPY at 45.00%.",
    )
    plan = _plan(replace(situation, targets=replace(situation.targets, hold=hold)))
    assert not plan.is_blocked
    assert plan.orders == _plan(situation).orders
    (told,) = [refusal for refusal in plan.refusals if refusal.code is RefusalCode.TARGETS_HELD]
    assert told.message.startswith("Bars in quarantine keep SPY at 45.00%. `swing status`")
    assert told.numbers == {
        "symbols": "SPY",
        "decided_on": "2024-06-12",
        "is_whole_book": "false",
        "kept_SPY": "0.45",
    }
