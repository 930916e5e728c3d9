"""The meaning of the broker's codes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.brokers.base import Fault
from execution.brokers.retrying import TransientError
from execution.brokers.tws.answers import request_failure
from execution.brokers.tws.codes import CodeSet, classify

T, P, I, O, A, F, N = (  # noqa: E741 - the letters of the published tables, and two of ours
    Fault.TRANSIENT,
    Fault.PERMANENT,
    Fault.INFORMATIONAL,
    Fault.OPERATOR,
    Fault.AMBIGUOUS,
    Fault.FRACTION,
    Fault.NUMBER_TAKEN,
)


@pytest.mark.parametrize(
    ("code", "text", "fault"),
    [
        (502, "Couldn't connect to TWS.", T),
        (326, "Unable to connect as the client id is already in use.", T),
        (1100, "Connectivity between IB and Trader Workstation has been lost.", T),
        (1102, "Connectivity between IB and Trader Workstation has been restored - data maintained.", I),
        (2104, "Market data farm connection is OK:usfarm", I),
        (2103, "Market data farm connection is broken:usfarm", I),
        (2199, "whatever comes", I),
        (321, "Error validating request.-'bO' : cause - The API interface is currently in Read-Only mode.", O),
        (321, "Error validating request.-'bN' : cause - Invalid order type", P),
        (322, "Error processing request.-'bM' : cause - Duplicate ticker id", T),
        (162, "Historical Market Data Service error message:Historical data request pacing violation", T),
        (162, "Historical Market Data Service error message:HMDS query returned no data: XYZ@SMART Trades", P),
        (162, "Historical Market Data Service error message:No market data permissions for ARCA STK", O),
        (162, "Historical Market Data Service error message:API historical data query cancelled: 7", I),
        (162, "Historical Market Data Service error message:Trading TWS session is connected from a different IP", T),
        (162, "something new", T),
        (200, "No security definition has been found for the request", P),
        (354, "Requested market data is not subscribed.", O),
        (10167, "Requested market data is not subscribed. Displaying delayed market data.", I),
        (10197, "No market data during competing live session", T),
        (201, "Order rejected - reason:Available settled cash is insufficient", P),
        (202, "Order Canceled - reason:", I),
        (399, "Order Message: your order will not be placed at the exchange until 09:30:00 US/Eastern", I),
        (10349, "Order TIF was set to DAY based on order preset.", I),
        (10243, "Fractional-sized order cannot be placed via API.", F),
        (404, "Order held while securities are located.", I),
        (10268, "The 'EtradeOnly' order attribute is not supported.", P),
        (103, "Duplicate order id", N),
        (10147, "OrderId 7 that needs to be cancelled is not found.", I),
        (99999, "never seen", A),
    ],
)
def test_a_code_has_its_published_consequence(code: int, text: str, fault: Fault) -> None:
    """Codes are classified as the broker's pages and public reports say, 162 and 321 by their texts."""
    assert classify(code, text).value.fault is fault


@pytest.mark.parametrize("known", CodeSet, ids=lambda known: known.name)
def test_a_code_says_what_to_do(known: CodeSet) -> None:
    """Every set has a meaning and a remedy, as sentences."""
    assert known.value.meaning.endswith(".")
    assert known.value.remedy.endswith(".")
    assert bool(known.value.codes) != (known is CodeSet.UNKNOWN)


def test_a_code_without_text_has_one_meaning() -> None:
    """Sets that are not told apart by text share no code, but for the last resort of the system's notes."""
    plain = [known for known in CodeSet if not known.value.text and known is not CodeSet.SYSTEM_NOTE]
    shared = [(a, b) for a, b in combinations(plain, 2) if a.value.codes & b.value.codes]
    assert shared == [(CodeSet.NOT_SUBSCRIBED, CodeSet.ORDER_HELD)]  # 354: about a request, about an order


RESTRICTION = "Restriction is specified in Precautionary Settings of Global Configuration/Presets."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *((code, "") for code in (109, 163, 354, 382, 383, 384, 385, 386, 387, 388, 451, 10311, 10329)),
        (354, "Marktdaten sind nicht abonniert."),
        (99999, f"Something new. {RESTRICTION}"),
        (201, RESTRICTION),
    ],
)
def test_a_precaution_holds_an_order(code: int, text: str) -> None:
    """The published codes, in any language, and any text that names the precautions, mean a held order."""
    assert classify(code, text, is_order=True) is CodeSet.ORDER_HELD


@given(st.integers(0, 99_999), st.text())
def test_a_code_that_is_nowhere_is_ambiguous(code: int, text: str) -> None:
    """An unknown code is never taken for a rejection, nor for a note."""
    if not any(code in known.value.codes for known in CodeSet):
        assert classify(code, text) is CodeSet.UNKNOWN
        assert not classify(code, text).value.fault.is_rejection


@pytest.mark.parametrize(
    ("code", "expected"), [(10349, False), (399, False), (404, False), (201, True), (10243, True), (110, True)]
)
def test_only_a_refused_order_is_rejected(code: int, expected: bool) -> None:  # noqa: FBT001 - a table
    """Codes that leave an order alive are no rejections."""
    assert classify(code).value.fault.is_rejection is expected


def test_a_lost_connection_and_a_used_number_are_no_rejections() -> None:
    """After these an order is looked for, and may be sent again."""
    assert not any(classify(code).value.fault.is_rejection for code in (504, 103))


@given(st.integers(0, 99_999), st.text(max_size=20))
def test_only_what_may_pass_is_asked_again(code: int, text: str) -> None:
    """A request fails with a TransientError exactly for transient codes, and not at all for notes."""
    failure, fault = request_failure(code, text), classify(code, text).value.fault
    assert isinstance(failure, TransientError) == (fault is T)
    assert (failure is None) == (fault in {I, Fault.HELD})
