"""Properties of every plan."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from situations import PRICES, Case, filled, rules, traded, worst

from execution.models import Side, Switch, TradingHistory
from execution.planning.costs import Fee
from execution.planning.plan import plan

if TYPE_CHECKING:
    from execution.models import Order
    from execution.planning.situation import Situation

SYMBOLS = sorted(PRICES)
NOISE = Decimal("1e-7")
often = settings(deadline=None, max_examples=100)


@st.composite
def weights(draw: st.DrawFn, invested: Decimal = Decimal(1)) -> dict[str, str]:
    """Targets of up to eight symbols, none above a half, together at most `invested`."""
    parts = draw(st.dictionaries(st.sampled_from(SYMBOLS), st.integers(0, 100), max_size=8))
    total = max(sum(parts.values()), 1)
    return {symbol: str(min(Decimal("0.5"), invested * part / total)) for symbol, part in parts.items()}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Sound requests with anything in them: odd accounts, tight limits, all modes."""
    is_fractional = draw(st.booleans())
    prices = {symbol: str(draw(st.decimals("0.6", 900, places=2))) for symbol in SYMBOLS}
    shares = st.decimals(0, 60, places=1) if draw(st.booleans()) else st.integers(0, 60)
    cash = draw(st.decimals(-500, 20_000, places=2))
    positions = {s: str(q) for s, q in draw(st.dictionaries(st.sampled_from(SYMBOLS), shares, max_size=6)).items()}
    if cash + sum(Decimal(quantity) * Decimal(prices[symbol]) for symbol, quantity in positions.items()) <= 1:
        cash = Decimal(5000)
    traded_today = st.dictionaries(st.sampled_from(SYMBOLS), st.just(Decimal(1)), max_size=3)
    return Case(
        weights=draw(weights()),
        positions=positions,
        cash=str(cash),
        settled=str(draw(st.decimals(-100, 20_000, places=2))),
        prices=prices,
        rules=rules(
            fractional=is_fractional,
            settlement=draw(st.sampled_from(["settled_only", "unsettled_ok"])),
            order_type=draw(st.sampled_from(["limit", "market"])),
            orders_per_session=draw(st.integers(1, 8)),
            order_value=str(draw(st.integers(50, 20_000))),
            day_value=str(draw(st.integers(50, 40_000))),
            no_trade_band=draw(st.sampled_from(["0", "0.01", "0.05"])),
            trade_value_minimum=draw(st.sampled_from(["0", "50", "500"])),
            weight_excess=draw(st.sampled_from(["0", "0.02"])),
            commission_minimum=draw(st.sampled_from(["0", "0.35", "5"])),
        ),
        history=TradingHistory(
            bought_unsettled=draw(
                st.dictionaries(st.sampled_from(SYMBOLS), st.integers(1, 40).map(Decimal), max_size=2)
            ),
            day_trades=draw(st.integers(0, 4)),
            bought=draw(traded_today) if draw(st.booleans()) else {},
            sold=draw(traded_today),
            orders=draw(st.integers(0, 3)),
            value=Decimal(draw(st.integers(0, 2000))),
        ),
        switch=Switch.REDUCE_ONLY if draw(st.integers(0, 9)) == 0 else Switch.NORMAL,
    )


def _cost(order: Order, situation: Situation) -> Decimal:
    price = worst(order, situation)
    return order.side.sign * order.quantity * price + Fee.of(situation.rules, price)(
        int(order.quantity / situation.rules.lot)
    )


@often
@given(cases())
def test_no_plan_exceeds_what_there_is_or_what_is_allowed(case: Case) -> None:
    """Worst fills leave cash at 0 or above, nothing goes short, and every cap and limit holds."""
    situation = case.situation
    made = plan(situation)
    assert not made.is_blocked
    account, limits, history = situation.account, situation.rules.limits, situation.history
    sells = [order for order in made.orders if order.side is Side.SELL]
    buys = [order for order in made.orders if order.side is Side.BUY]
    assert made.orders == (*sells, *buys)
    assert len({order.symbol for order in made.orders}) == len(made.orders)
    assert all(order.quantity > 0 for order in made.orders)
    assert all(order.quantity % situation.rules.lot == 0 for order in made.orders)
    if buys:
        cash = account.cash
        if case.rules.trading.settlement == "settled_only":
            cash = min(cash, account.settled_cash)
        else:
            cash -= sum(_cost(order, situation) for order in sells)
        assert sum(_cost(order, situation) for order in buys) <= cash
        assert situation.switch is Switch.NORMAL
        assert not history.bought
    locked = history.bought_unsettled
    for order in sells:
        assert order.quantity <= account.positions[order.symbol] - locked.get(order.symbol, Decimal(0))
        assert order.symbol not in history.sold
    for line in made.lines:
        if line.planned > line.held:
            assert line.weight_after <= situation.rules.heaviest + NOISE
    values = [order.quantity * situation.prices[order.symbol].amount for order in made.orders]
    assert all(value <= limits.order_value for value in values)
    assert history.value + sum(values) <= limits.day_value or not values
    assert history.orders + len(made.orders) <= limits.orders_per_session or not values


@often
@given(cases())
def test_no_trade_leads_away_from_its_target(case: Case) -> None:
    """A traded weight ends nearer to its target, or past it by less than a lot or the no-trade band."""
    situation = case.situation
    made = plan(situation)
    for line in made.lines:
        before, after = abs(line.weight_before - line.weight_target), abs(line.weight_after - line.weight_target)
        lot = situation.rules.lot * line.price / made.equity
        assert after <= max(before, lot * Decimal("1.01"), situation.rules.limits.no_trade_band) + NOISE


@often
@given(cases())
def test_the_same_session_has_nothing_more_to_do(case: Case) -> None:
    """After the plan's fills, at the plan's prices, a second plan has no order to buy, and sells nothing twice."""
    situation = case.situation
    made = plan(situation)
    after = filled(situation, made)
    if after.account.cash < 0 and after.equity <= 0:
        return
    again = traded(plan(after))
    assert not (again.keys() & traded(made).keys())
    if any(quantity > 0 for quantity in traded(made).values()):
        assert not any(quantity > 0 for quantity in again.values())


@often
@given(
    weights(Decimal("0.9")),
    st.dictionaries(st.sampled_from(SYMBOLS), st.integers(0, 40)),
    st.integers(2000, 100_000),
    st.sampled_from(["0", "0.01"]),
)
@example(  # a limit that allows enough changed the goal of a symbol within the band
    {"BITO": "0.0045", "BND": "0.3482", "QQQ": "0.1131", "SPY": "0.2035", "TLT": "0.2307"},
    {"BITO": 30, "BND": 7, "QQQ": 7, "IEF": 5},
    2139,
    "0.01",
)
def test_the_next_session_has_nothing_to_do(wanted: dict[str, str], held: dict[str, int], cash: int, band: str) -> None:
    """Where no limit or cash binds, a plan's fills are already what the next session's plan wants."""
    free = rules(
        settlement="unsettled_ok",
        orders_per_session=20,
        order_value="1000000",
        day_value="1000000",
        no_trade_band=band,
        trade_value_minimum="0",
    )
    situation = Case(
        wanted, {symbol: str(quantity) for symbol, quantity in held.items()}, str(cash), rules=free
    ).situation
    made = plan(situation)
    again = plan(replace(filled(situation, made), history=TradingHistory()))
    assert again.orders == ()
    assert again.tracking_error == made.tracking_error


@often
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(case: Case, random: object) -> None:
    """Mappings in another order make the very same plan."""
    situation = case.situation

    def shuffled(mapping: dict[str, object]) -> dict[str, object]:
        names = list(mapping)
        random.shuffle(names)  # type: ignore[attr-defined]
        return {name: mapping[name] for name in names}

    targets = replace(
        situation.targets,
        weights=shuffled(dict(situation.targets.weights)),  # type: ignore[arg-type]
        final_bars=shuffled(dict(situation.targets.final_bars)),  # type: ignore[arg-type]
    )
    other = replace(
        situation,
        targets=targets,
        account=replace(situation.account, positions=shuffled(dict(situation.account.positions))),  # type: ignore[arg-type]
        prices=shuffled(dict(situation.prices)),  # type: ignore[arg-type]
    )
    assert plan(other) == plan(situation)


@often
@given(weights(), st.dictionaries(st.sampled_from(SYMBOLS), st.integers(0, 40)), st.integers(500, 50_000))
def test_another_unit_of_money_makes_the_same_plan(wanted: dict[str, str], held: dict[str, int], cash: int) -> None:
    """When everything in money is worth eight times as much, the same shares are traded."""

    def scaled(scale: int) -> Situation:
        own = rules(
            order_type="market",
            order_value=str(5000 * scale),
            day_value=str(9000 * scale),
            trade_value_minimum=str(50 * scale),
            commission_minimum=str(Decimal("0.35") * scale),
        )
        return Case(
            wanted,
            {symbol: str(quantity) for symbol, quantity in held.items()},
            str(cash * scale),
            prices={symbol: str(int(price) * scale) for symbol, price in PRICES.items()},
            rules=replace(own, commission_per_share=own.commission_per_share * scale),
        ).situation

    assert traded(plan(scaled(8))) == traded(plan(scaled(1)))
