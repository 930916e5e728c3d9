"""The statement service over a real socket: every way in which it does not answer as it should."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from flex import QUERY, TOKEN, StatementXml, flex_server

from execution.brokers.flex.client import pull
from execution.brokers.flex.codes import FLEX_CODES, FlexAnswer
from execution.errors import StatementError, StatementUnavailableError

READY = StatementXml().document


def test_a_statement_is_ordered_waited_for_and_fetched_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    """Two looks come too early; the third has it. No log has the token."""
    caplog.set_level(logging.DEBUG)
    with flex_server("1019", "1019", READY) as server:
        assert pull(server.access, server.time.pace()) == READY
        assert [what for what, _ in server.asked] == ["SendRequest", "GetStatement", "GetStatement", "GetStatement"]
        assert server.asked[0][1] == {"t": TOKEN, "q": QUERY, "v": "3"}
        assert server.asked[1][1] == {"t": TOKEN, "q": "8936364590", "v": "3"}
    assert TOKEN not in caplog.text


def test_requests_keep_the_rate_limit_of_the_service() -> None:
    """Two requests are more than six seconds apart: never two in a second, never eleven in a minute."""
    with flex_server(*["1019"] * 5, READY) as server:
        pull(server.access, server.time.pace())
        assert all(later - earlier > 6 for earlier, later in pairwise(server.at))


def test_a_statement_that_is_never_made_is_given_up() -> None:
    """After three orders, and within an hour; the remedy is to wait for the next pull."""
    with flex_server("1019") as server:
        with pytest.raises(StatementUnavailableError, match=r"1019 after 13 looks: the statement is still being made"):
            pull(server.access, server.time.pace())
        assert [what for what, _ in server.asked].count("SendRequest") == 3
        assert server.time.now < 3600


@pytest.mark.parametrize("code", [code for code, known in FLEX_CODES.items() if known.answer is FlexAnswer.PERSON])
def test_a_fault_of_a_person_is_told_at_once_with_its_remedy(code: str) -> None:
    """Neither the token nor the query's id is in the words, though the service repeats the token."""
    with flex_server(orders=[code]) as server:
        with pytest.raises(StatementError) as told:
            pull(server.access, server.time.pace())
        assert len(server.asked) == 1
    assert not told.value.is_transient
    assert FLEX_CODES[code].meaning in str(told.value)
    assert FLEX_CODES[code].remedy in str(told.value)
    assert TOKEN not in str(told.value)
    assert QUERY not in str(told.value)


@pytest.mark.parametrize("code", [code for code, known in FLEX_CODES.items() if known.answer is FlexAnswer.LATER])
def test_what_may_pass_is_asked_again_and_then_told(code: str) -> None:
    """Such as 1018, too many requests: the second order works, or the third attempt tells."""
    with flex_server(READY, orders=[code, "ok"]) as server:
        assert pull(server.access, server.time.pace()) == READY
    with flex_server(orders=[code]) as server:
        with pytest.raises(StatementUnavailableError, match=code):
            pull(server.access, server.time.pace())
        assert len(server.asked) == 3


def test_a_code_that_is_not_known_is_told_as_it_came() -> None:
    """A person has to look: nothing says that it passes."""
    with flex_server(orders=["4711"]) as server, pytest.raises(StatementError, match="4711: a code that is not known"):
        pull(server.access, server.time.pace())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (503, "HTTP status 503"),
        (429, "HTTP status 429"),
        (b"<!DOCTYPE html><html><body>Scheduled maintenance<br></body></html>", "a web page"),
        (b"<html><body>Login</body></html>", "<html>"),
        (READY[: len(READY) // 2], "cut off"),
        (b"", "no XML"),
    ],
)
def test_another_answer_than_xml_is_taken_for_a_passing_fault(answer: bytes | int, words: str) -> None:
    """A page of a proxy, a document that was cut off, a server in trouble."""
    with flex_server(answer, READY) as server:
        assert pull(server.access, server.time.pace()) == READY
    with flex_server(answer) as server, pytest.raises(StatementUnavailableError, match=words):
        pull(server.access, server.time.pace())


@pytest.mark.parametrize("status", [301, 302, 401, 404])
def test_a_wrong_address_is_told_and_no_redirect_followed(status: int) -> None:
    """The token goes to the configured address alone."""
    with flex_server(orders=[status]) as server:
        with pytest.raises(StatementError, match=rf"status {status}.*statements\.url"):
            pull(server.access, server.time.pace())
        assert len(server.asked) == 1


def test_a_service_that_hangs_or_is_not_there_is_told_without_its_address() -> None:
    """The words of the library hold the address, and with it the token."""
    with flex_server("hang") as server:
        with pytest.raises(StatementUnavailableError, match="ReadTimeout") as told:
            pull(server.access, server.time.pace(silence=0.05, attempts=1))
        access = server.access
    assert TOKEN not in str(told.value)
    with pytest.raises(StatementUnavailableError, match="ConnectError") as told:
        pull(access, server.time.pace(silence=0.5, attempts=1))
    assert TOKEN not in f"{told.value} {told.value.__cause__}"
