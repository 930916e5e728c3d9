"""Splits between two rebalances: gone through if source and broker agree on the ratio, else a person is asked."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from brokerage import ACCOUNT, Brokerage
from hostile_broker import Hostility
from machine_traders import Crash, PowerLossError, Trader
from simulators import AFTERNOON
from virtual_time import VirtualTime

from execution.errors import StateDisagreesError
from execution.ledger.events import EventKind, Restatement
from execution.ledger.ledger import Ledger, ledger_url
from execution.splits import Split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

PRICES = {"SPY": 500, "QQQ": 400, "TLT": 90, "GLD": 200}
HOLD = {"SPY": "0.5", "TLT": "0.45"}


class Account:
    """An account of 100 SPY that was seen yesterday, and what happens to it overnight."""

    def __init__(self, home: Path, shares: int = 100) -> None:
        self.books = Brokerage(VirtualTime(AFTERNOON), Decimal(50_000), {s: Decimal(p) for s, p in PRICES.items()})
        self.books.positions["SPY"] = shares
        self.ledger = Ledger.open(ledger_url(home))
        limits = {"order_value": 100_000, "day_value": 200_000}
        self.trader = Trader(home, self.ledger, self.books, {"limits": limits})
        self.trader.accept()
        self.books.time.jump(AFTERNOON + timedelta(days=1))

    def split(self, ratio: str, held: int) -> Split:
        """Split SPY overnight; return what a source says of it."""
        self.books.positions["SPY"] = held
        self.books.prices["SPY"] /= Decimal(ratio)
        return Split.of("SPY", self.books.today, float(ratio), "tiingo")

    def rebalance(self, *splits: Split, crash: Crash | None = None) -> None:
        """Rebalance to half in SPY."""
        self.trader.rebalance(HOLD, Hostility(), crash, splits)

    @property
    def restated(self) -> Sequence[Restatement]:
        """The positions that were restated."""
        payloads = [recorded.event.payload for recorded in self.ledger.read()]
        return [payload for payload in payloads if isinstance(payload, Restatement)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Open an account; its ledger is closed at the end."""
    made: list[Account] = []

    def make(shares: int = 100) -> Account:
        made.append(Account(tmp_path, shares))
        return made[0]

    yield make
    made[0].ledger.close()


def test_a_split_of_four_goes_on(opened: Callable[..., Account]) -> None:
    """Ledger, orders and books count in new shares, once, and the chain of digests holds."""
    account = opened()
    account.rebalance(account.split("4", 400))
    assert account.restated == [
        Restatement("SPY", account.books.today, "4/1", Decimal(100), Decimal(400), "tiingo"),
    ]
    assert account.ledger.positions(ACCOUNT) == account.books.held
    assert account.books.held["SPY"] == 400  # half of 100,000 USD, at 125 USD
    account.ledger.verify()
    account.books.time.jump(AFTERNOON + timedelta(days=2))
    account.rebalance(Split.of("SPY", (AFTERNOON + timedelta(days=1)).date(), 4, "tiingo"))
    assert len(account.restated) == 1
    assert account.ledger.positions(ACCOUNT) == account.books.held


def test_a_reverse_split_pays_cash_for_the_fraction(opened: Callable[..., Account]) -> None:
    """Of 105 shares one for ten leaves 10, and half a share in cash."""
    account = opened(105)
    account.rebalance(account.split("0.1", 10))
    (restated,) = account.restated
    assert (restated.ratio, restated.before, restated.after) == ("1/10", Decimal(105), Decimal(10))
    assert account.ledger.positions(ACCOUNT) == account.books.held


@pytest.mark.parametrize(
    ("ratio", "held", "known"),
    [
        ("1", 100, 4.0),  # a source alone knows it
        ("4", 400, None),  # the broker alone shows it
        ("3", 300, 4.0),
        ("4", 399, 4.0),
        ("0.01", 0, 0.001),
    ],
)
def test_without_agreement_a_person_is_asked(
    opened: Callable[..., Account], ratio: str, held: int, known: float | None
) -> None:
    """Nothing is sent and nothing restated; accepting the broker's positions ends it."""
    account = opened()
    account.split(ratio, held)
    splits = [Split.of("SPY", account.books.today, known, "tiingo")] if known else []
    with pytest.raises(StateDisagreesError, match="accept-positions") as refused:
        account.rebalance(*splits)
    assert ("tiingo knows a split" in str(refused.value)) is bool(known)
    assert account.restated == []
    assert account.books.taken == []
    account.trader.accept()
    account.rebalance(*splits)
    assert account.restated == []
    assert account.ledger.positions(ACCOUNT) == account.books.held


def test_another_difference_still_stops(opened: Callable[..., Account]) -> None:
    """A position that nobody can explain stops the rebalance, and the split waits with it."""
    account = opened()
    split = account.split("4", 400)
    account.books.positions["GLD"] = 5
    with pytest.raises(StateDisagreesError, match="5 shares of GLD"):
        account.rebalance(split)
    assert account.restated == []
    account.books.positions["GLD"] = 0
    account.rebalance(split)
    assert len(account.restated) == 1


@pytest.mark.parametrize("point", range(1, 9))
def test_a_rebalance_cut_off_on_the_day_restates_once(opened: Callable[..., Account], point: int) -> None:
    """Wherever the first start dies, the second ends with one restatement and agreement."""
    account = opened()
    split = account.split("4", 400)
    with pytest.raises(PowerLossError):
        account.rebalance(split, crash=Crash(at_point=point))
    account.rebalance(split)
    assert len(account.restated) == 1
    assert account.ledger.positions(ACCOUNT) == account.books.held


def test_a_restatement_says_where_it_comes_from(opened: Callable[..., Account], tmp_path: Path) -> None:
    """Its line in the exported ledger names symbol, ratio, shares, day and source."""
    account = opened()
    account.rebalance(account.split("4", 400))
    account.ledger.export(tmp_path / "ledger.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    (line,) = [line for line in lines if line["kind"] == EventKind.POSITION_RESTATED]
    assert line["payload"] == {
        "symbol": "SPY",
        "effective_on": account.books.today.isoformat(),
        "ratio": "4/1",
        "before": "100",
        "after": "400",
        "source": "tiingo",
    }
