"""Plans, and each reason for which one leaves something out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from situations import PRICES, Case, codes, filled, rules, traded

from execution.models import Order, Plan, Side, Switch, TradingHistory
from execution.planning.plan import plan
from execution.refusals import RefusalCode

LIMITS = {"order_value": "1000000", "day_value": "1000000"}


def _planned(case: Case) -> Plan:
    return plan(case.situation)


def test_every_refusal_has_a_meaning() -> None:
    """Each code is its own text, and has a meaning that ends as a sentence."""
    assert [code.name for code in RefusalCode] == [str(code) for code in RefusalCode]
    assert all(code.meaning.endswith(".") for code in RefusalCode)


def test_whole_shares_are_bought_with_a_marketable_limit() -> None:
    """From cash to two targets: whole shares, each with our identity and a limit above its price."""
    made = _planned(Case({"SPY": "0.4", "TLT": "0.45"}))
    assert made.orders == (
        Order("s1/20240612/TLT/BUY/1", "TLT", Side.BUY, Decimal(50), Decimal("90.45")),
        Order("s1/20240612/SPY/BUY/1", "SPY", Side.BUY, Decimal(7), Decimal("582.90")),
    )
    assert made.tracking_error < Decimal("0.01")
    assert made.waits_for_settlement == 0
    assert not made.is_blocked


def test_lines_say_what_is_held_wanted_and_planned() -> None:
    """One line a symbol that is held or wanted; its weights are of the equity after commissions."""
    made = _planned(Case({"TLT": "0.45"}, {"GLD": "10"}, cash="7600"))
    assert [line.symbol for line in made.lines] == ["GLD", "TLT"]
    gold, bonds = made.lines
    assert [gold.held, gold.wanted, gold.planned, gold.weight_after] == [10, 0, 0, 0]
    assert [bonds.held, bonds.wanted, bonds.planned] == [0, Decimal("49.9965"), 50]
    assert made.equity == Decimal("9999.30")
    assert bonds.weight_after == (50 * 90 / made.equity).quantize(Decimal("1e-8"))


def test_sales_come_before_buys_and_the_furthest_first() -> None:
    """Sales lead; within a side the order is that of what the weights are off."""
    case = Case({"SPY": "0.3", "TLT": "0.5"}, {"GLD": "15", "QQQ": "1"}, cash="8000", rules=rules(**LIMITS))
    assert [(order.side, order.symbol) for order in _planned(case).orders] == [
        (Side.SELL, "GLD"),
        (Side.SELL, "QQQ"),
        (Side.BUY, "TLT"),
        (Side.BUY, "SPY"),
    ]


def test_a_market_order_has_no_limit() -> None:
    """By configuration orders are sent at market."""
    made = _planned(Case({"TLT": "0.45"}, rules=rules(order_type="market")))
    assert [order.limit_price for order in made.orders] == [None]


def test_parts_of_shares_come_within_a_ten_thousandth() -> None:
    """An account that can trade parts of shares comes nearer than any whole share."""
    made = _planned(Case({"SPY": "0.5", "TLT": "0.45"}, rules=rules(fractional=True)))
    assert traded(made) == {"SPY": Decimal("8.6201"), "TLT": Decimal("49.9965")}
    assert made.tracking_error < Decimal("0.0001")


def test_no_targets_sell_everything() -> None:
    """When nothing is wanted all of it goes, however little it is worth."""
    made = _planned(Case({}, {"SPY": "3", "BITO": "1"}))
    assert traded(made) == {"SPY": -3, "BITO": -1}


def test_nothing_to_do_is_said() -> None:
    """A second plan after the first one's fills trades nothing, and every symbol has its reason."""
    situation = Case({"SPY": "0.5", "TLT": "0.45"}).situation
    again = plan(filled(situation, plan(situation)))
    assert again.orders == ()
    assert {refusal.symbol for refusal in again.refusals} == {"SPY", "TLT"}


REFUSED: dict[str, tuple[RefusalCode, Case, dict[str, int]]] = {
    "within the band": (RefusalCode.TRADE_WITHIN_BAND, Case({"BND": "0.45"}, {"BND": "62"}, cash="5536"), {}),
    "too small": (
        RefusalCode.TRADE_TOO_SMALL,
        Case({"BITO": "0.012"}, cash="3000", rules=rules(no_trade_band="0.001")),
        {},
    ),
    "no share comes nearer": (RefusalCode.TRADE_TOO_SMALL, Case({"SPY": "0.02"}), {}),
    "one share would be too heavy": (RefusalCode.LIMIT_WEIGHT, Case({"SPY": "0.5"}), {"SPY": 8}),
    "an order is worth too much": (
        RefusalCode.LIMIT_ORDER_VALUE,
        Case({"TLT": "0.5"}, rules=rules(order_value="2000")),
        {"TLT": 22},
    ),
    "a sale is worth too much": (
        RefusalCode.LIMIT_ORDER_VALUE,
        Case({}, {"TLT": "50"}, rules=rules(order_value="2000")),
        {"TLT": -22},
    ),
    "the day is worth too much": (
        RefusalCode.LIMIT_DAY_VALUE,
        Case({"TLT": "0.5"}, rules=rules(day_value="2000")),
        {"TLT": 22},
    ),
    "the day was worth it already": (
        RefusalCode.LIMIT_DAY_VALUE,
        Case({"TLT": "0.5"}, history=TradingHistory(value=Decimal(20000))),
        {},
    ),
    "sales of the day come first": (
        RefusalCode.LIMIT_DAY_VALUE,
        Case({"TLT": "0.5"}, {"GLD": "10"}, rules=rules(day_value="2450")),
        {"GLD": -10},
    ),
    "more orders than allowed": (
        RefusalCode.LIMIT_ORDERS_A_DAY,
        Case({"TLT": "0.4", "BND": "0.3", "IEF": "0.2"}, rules=rules(orders_per_session=2)),
        {"TLT": 44, "BND": 42},
    ),
    "orders that were sent count": (
        RefusalCode.LIMIT_ORDERS_A_DAY,
        Case({"TLT": "0.4", "BND": "0.3"}, history=TradingHistory(orders=4)),
        {"TLT": 44},
    ),
    "reduce only": (
        RefusalCode.MODE_REDUCE_ONLY,
        Case({"TLT": "0.5"}, {"GLD": "10"}, switch=Switch.REDUCE_ONLY),
        {"GLD": -10},
    ),
    "sold already": (
        RefusalCode.SESSION_DONE,
        Case({}, {"GLD": "10"}, history=TradingHistory(sold={"GLD": Decimal(1)})),
        {},
    ),
    "buys were sent already": (
        RefusalCode.SESSION_DONE,
        Case({"TLT": "0.5"}, {"GLD": "10"}, history=TradingHistory(bought={"SPY": Decimal(1)})),
        {"GLD": -10},
    ),
    "a round trip too many": (
        RefusalCode.LIMIT_DAY_TRADES,
        Case({"TLT": "0.5"}, history=TradingHistory(sold={"TLT": Decimal(1)}, day_trades=3)),
        {},
    ),
    "the fewest round trips go to the furthest": (
        RefusalCode.LIMIT_DAY_TRADES,
        Case(
            {"TLT": "0.5", "BND": "0.4"},
            history=TradingHistory(sold={"TLT": Decimal(1), "BND": Decimal(1)}, day_trades=2),
        ),
        {"TLT": 56},
    ),
    "bought with unsettled money": (
        RefusalCode.CASH_GOOD_FAITH,
        Case({}, {"GLD": "10"}, history=TradingHistory(bought_unsettled={"GLD": Decimal(4)})),
        {"GLD": -6},
    ),
    "too little cash for what is wanted": (
        RefusalCode.CASH_SHORT,
        Case(
            {"TLT": "0.5", "BND": "0.5"},
            {"BND": "36"},
            cash="7408",
            settled="-100",
            rules=rules(settlement="settled_only", orders_per_session=1),
            history=TradingHistory(sold={"BND": Decimal(1)}),
        ),
        {},
    ),
    "a part of a share is left": (RefusalCode.FRACTIONS_REFUSED, Case({}, {"GLD": "10.4"}), {"GLD": -10}),
}


@pytest.mark.parametrize(("code", "case", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_limit_refuses_and_says_so(code: RefusalCode, case: Case, expected: dict[str, int]) -> None:
    """Each limit trades what it allows, refuses the rest by its code, and blocks nothing else."""
    made = _planned(case)
    assert code in codes(made)
    assert traded(made) == expected
    assert not made.is_blocked
    assert all(Decimal(each.numbers.get("allowed", 0)) >= 0 for each in made.refusals)


def test_what_waits_and_what_is_short_are_said_in_money() -> None:
    """Of 56 shares at 90 that are wanted, what the proceeds will pay for waits, and the rest is short."""
    _, case, _ = REFUSED["too little cash for what is wanted"]
    said = {each.code: each.message for each in _planned(case).refusals if each.symbol == "TLT"}
    assert "a buy of 4950.00 waits" in said[RefusalCode.CASH_UNSETTLED]
    assert "cash is short of 90.00 for it" in said[RefusalCode.CASH_SHORT]


def test_round_trips_that_are_left_may_be_made() -> None:
    """A symbol sold in this session is bought again while day trades are left."""
    made = _planned(Case({"TLT": "0.5"}, history=TradingHistory(sold={"TLT": Decimal(1)}, day_trades=2)))
    assert traded(made) == {"TLT": 56}


ROTATION = Case({"TLT": "0.5", "BND": "0.4"}, {"GLD": "39"}, cash="640")


def test_a_rotation_takes_two_sessions_where_only_settled_cash_is_spent() -> None:
    """The sale is made, the buys spend what has settled, and the plan says how much waits and that it takes two."""
    made = _planned(ROTATION)
    after = traded(made)
    assert after["GLD"] == -39
    assert RefusalCode.CASH_UNSETTLED in codes(made, "TLT")
    assert "two" in next(each.message for each in made.refusals if each.code is RefusalCode.CASH_UNSETTLED)
    bought = sum(quantity * Decimal(PRICES[symbol]) for symbol, quantity in after.items() if quantity > 0)
    assert 500 < bought < 640
    assert made.waits_for_settlement + bought == pytest.approx(9000, abs=100)


def test_the_second_session_finishes_the_rotation() -> None:
    """Once the sale has settled the rest is bought, and nothing waits."""
    first = filled(ROTATION.situation, _planned(ROTATION))
    settled = replace(first, account=replace(first.account, settled_cash=first.account.cash), history=TradingHistory())
    second = plan(settled)
    assert second.waits_for_settlement == 0
    assert plan(filled(settled, second)).orders == ()
    assert second.tracking_error < Decimal("0.01")


def test_unsettled_cash_buys_where_the_account_allows_it() -> None:
    """The same rotation takes one session when proceeds may be spent before they settle."""
    made = _planned(replace(ROTATION, rules=rules(settlement="unsettled_ok")))
    assert traded(made) == {"GLD": -39, "TLT": 56, "BND": 55}
    assert made.waits_for_settlement == 0


def test_cash_of_earlier_sales_waits_too() -> None:
    """Cash that is there and has not settled buys nothing, and is said to wait."""
    made = _planned(Case({"TLT": "0.5"}, settled="0"))
    assert made.orders == ()
    assert codes(made) == {RefusalCode.CASH_UNSETTLED}
    assert made.waits_for_settlement == 56 * 90


def test_a_buy_never_relies_on_a_sale_that_was_left_out() -> None:
    """When the order limit leaves out a sale, the buys are what the rest pays for."""
    case = Case(
        {"TLT": "0.5", "BND": "0.4"},
        {"GLD": "20", "XLE": "52"},
        cash="468",
        rules=rules(settlement="unsettled_ok", orders_per_session=2),
    )
    made = _planned(case)
    after = traded(made)
    assert len(after) == 2
    assert after["TLT"] * Decimal("90.45") <= 468 + 20 * 240
    assert plan(replace(case.situation, rules=rules(settlement="unsettled_ok"))).orders != made.orders


def test_owed_cash_is_paid_back_before_anything_is_bought() -> None:
    """Buys spend what a sale leaves beyond what is owed."""
    case = Case({"TLT": "0.5"}, {"GLD": "41"}, cash="-6000", settled="-6000", rules=rules(settlement="unsettled_ok"))
    after = traded(_planned(case))
    assert after["GLD"] == -41
    assert 1800 < after["TLT"] * 90 < 1920


def test_whole_shares_make_up_for_each_other() -> None:
    """A coarse share that must be rounded down lets a fine one go up, within the band."""
    made = _planned(Case({"SPY": "0.5", "BITO": "0.45"}))
    after = {line.symbol: line for line in made.lines}
    assert after["SPY"].weight_after < after["SPY"].weight_target
    assert 0 < after["BITO"].weight_after - after["BITO"].weight_target < Decimal("0.01")


def test_what_a_limit_postpones_is_not_made_up_for() -> None:
    """The other symbol stays at its target when an order is cut to its allowed value."""
    case = Case({"TLT": "0.5", "BND": "0.2"}, rules=rules(order_value="2500"))
    after = {line.symbol: line for line in _planned(case).lines}
    assert abs(after["BND"].weight_after - after["BND"].weight_target) < Decimal("0.005")


@pytest.mark.parametrize("symbols", [500, 3000])
def test_many_symbols_are_planned(symbols: int) -> None:
    """A plan over thousands of symbols has a line for each, and no more orders than a session may have."""
    names = [f"S{number:04d}" for number in range(symbols)]
    situation = Case(
        dict.fromkeys(names[: symbols // 2], str(Decimal("0.95") / (symbols // 2))),
        {name: str(1 + number % 7) for number, name in enumerate(names[symbols // 3 :])},
        cash="500000",
        prices={name: str(20 + number * 37 % 500) for number, name in enumerate(names)},
        rules=rules(no_trade_band="0", trade_value_minimum="1", settlement="unsettled_ok", **LIMITS),
    ).situation
    made = plan(situation)
    assert len(made.orders) == 5
    assert len(made.lines) == symbols
