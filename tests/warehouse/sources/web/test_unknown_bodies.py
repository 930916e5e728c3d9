"""Bodies that nobody foresaw: each is malformed, never a crash and never "no data"."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from asking_vendors import ACCESS, EVENING, MARKET, VENDORS, source_of
from fake_vendors import Behaviour, Reply, VendorRequest, said
from hypothesis import given, settings
from hypothesis import strategies as st
from vendor_market import LAST
from vendor_server import VendorTransport
from virtual_time import VirtualTime

from warehouse.sources.failover import Failover, SymbolOutcome, WantedBars
from warehouse.sources.faults import FaultKind

if TYPE_CHECKING:
    from fake_vendors import FakeVendor

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["bars", "next_page_token", "SPY", "t", "c", "date", "close", "splitFactor", "chart", "result", "meta", "timestamp"]
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
BODIES = (
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | JSON.map(lambda body: json.dumps(body).encode())
)


def asked_of(vendor: str, reply: Reply | None, cell: Any = None) -> SymbolOutcome:  # noqa: ANN401 - any JSON
    """Ask for a symbol and get one reply to everything, or honest rows with one cell changed."""

    async def run() -> SymbolOutcome:
        def edited(rows: list[dict[str, Any]], _close: str) -> list[dict[str, Any]]:
            if not cell:
                return rows
            at, key, value = cell
            at %= len(rows)
            name = sorted(rows[0])[key % len(rows[0])]
            return [*rows[:at], rows[at] | {name: value}, *rows[at + 1 :]]

        play = Behaviour(rows=edited, reply=lambda honest, _: reply or honest)
        fake: FakeVendor = VENDORS[vendor](MARKET, time.now, lambda _: play)
        source = source_of(vendor, replace(ACCESS[vendor], clock=time.now, transport=VendorTransport(fake)))
        (outcome,) = await Failover([source]).outcomes(WantedBars(("SPY",), LAST))
        return outcome

    time = VirtualTime(EVENING)
    return time.run(run())


@pytest.mark.parametrize("vendor", VENDORS)
@settings(deadline=None, max_examples=40)
@given(body=BODIES)
def test_any_body_is_a_fault(vendor: str, body: bytes) -> None:
    """Random bytes, texts and JSON of the vendors' own words bring no bar; only a known form may say there is none."""
    outcome = asked_of(vendor, replace(said(""), body=body))
    fault = outcome.faults[vendor]
    assert outcome.answer is None
    knows_nothing = {b"[]", b'{"bars": {}, "next_page_token": null}'}
    assert fault.kind is FaultKind.MALFORMED or (fault.kind is FaultKind.NOT_FOUND and body in knows_nothing), fault


@pytest.mark.parametrize("vendor", VENDORS)
@settings(deadline=None, max_examples=40)
@given(at=st.integers(0, 10_000), key=st.integers(0, 20), value=SCALARS | st.lists(st.integers(), max_size=2))
def test_any_cell_costs_at_most_its_answer(vendor: str, at: int, key: int, value: object) -> None:
    """One cell that is anything else never ends in an exception: a gap, another number or a fault."""
    outcome = asked_of(vendor, None, (at, key, value))
    assert outcome.answer is None or outcome.answer.bars.num_rows == len(MARKET["SPY"])
    assert outcome.is_fresh or outcome.faults[vendor].kind in {FaultKind.MALFORMED, FaultKind.STALE}


@pytest.mark.parametrize("key", range(8))
def test_an_instant_beyond_all_calendars_is_no_exception(key: int) -> None:
    """Yahoo's sessions are seconds since 1970; one that no date can hold makes the reply malformed."""
    outcome = asked_of("yahoo", None, (0, key, 6.8e16))
    assert outcome.answer is not None or outcome.faults["yahoo"].kind is FaultKind.MALFORMED


def test_a_bottomless_body_is_malformed() -> None:
    """JSON that is nested too deeply to be read is not understood."""
    outcome = asked_of("tiingo", replace(said(""), body=b"[" * 200_000))
    assert outcome.faults["tiingo"].kind is FaultKind.MALFORMED


def test_an_empty_list_is_no_bars() -> None:
    """The one form in which a vendor says that there are none is taken at its word, and told as such."""
    assert asked_of("tiingo", said([])).faults["tiingo"].kind is FaultKind.NOT_FOUND
    assert asked_of("alpaca", said({"bars": {}, "next_page_token": None})).faults["alpaca"].kind is FaultKind.NOT_FOUND


def test_a_request_names_no_key() -> None:
    """Keys travel in headers, so that no address in any log holds one."""
    asked: list[VendorRequest] = []
    for vendor in VENDORS:
        fake = VENDORS[vendor](MARKET, lambda: EVENING)

        async def run(name: str = vendor, own: FakeVendor = fake) -> None:
            transport = VendorTransport(own)
            source = source_of(name, replace(ACCESS[name], clock=lambda: EVENING, transport=transport))
            await Failover([source]).outcomes(WantedBars(("SPY",), LAST))

        VirtualTime(EVENING).run(run())
        asked += fake.asked
    assert any("tiingo-token-5e1f" in each.headers.get("authorization", "") for each in asked)
    assert not any("5e1f" in f"{each.path}{each.query}" or "90bc" in f"{each.path}{each.query}" for each in asked)
