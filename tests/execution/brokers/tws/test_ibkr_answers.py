"""Answers are made of their own parts, and are whole at their end."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.brokers.retrying import TransientError
from execution.brokers.tws.answers import Answers, DeadlineError
from execution.errors import BrokerError

SHORT, LONG = 0.01, 30.0


def silent() -> None:
    """Send a request to nobody."""


def test_an_answer_is_whole_at_its_end() -> None:
    """The parts up to the end are the answer; what follows is not."""

    async def talk() -> list[int]:
        answers = Answers()

        def send() -> None:
            for part in (1, 2):
                answers.add("positions", part)
            answers.end("positions")
            answers.add("positions", 3)

        return await answers.ask("positions", send, LONG)

    assert asyncio.run(talk())[:2] == [1, 2]


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_a_late_answer_is_never_the_next_ones(early: int, late: int, own: int, is_ending: bool) -> None:  # noqa: FBT001 - drawn
    """After a request was given up, the next gets its own parts or fails; never the first's rest."""

    async def talk() -> None:
        answers = Answers()

        def first() -> None:
            for _ in range(early):
                answers.add("positions", "first")

        def second() -> None:
            for _ in range(late):
                answers.add("positions", "first")
            if is_ending:
                answers.end("positions")
            for _ in range(own):
                answers.add("positions", "second")
            answers.end("positions")

        with pytest.raises(BrokerError, match="did not end"):
            await answers.ask("positions", first, SHORT)
        if is_ending:
            assert await answers.ask("positions", second, LONG) == ["second"] * own
        else:
            with pytest.raises(BrokerError, match="did not end"):
                await answers.ask("positions", second, SHORT)

    asyncio.run(talk())


def test_a_deadline_keeps_what_came() -> None:
    """A numbered request that does not end fails as transient, with the parts that came."""

    async def talk() -> list[int]:
        answers = Answers()
        with pytest.raises(DeadlineError, match="SPY") as late:
            await answers.ask_numbered("SPY", lambda number: answers.add(number, 1), SHORT)
        assert isinstance(late.value, TransientError)
        return late.value.parts

    assert asyncio.run(talk()) == [1]


def test_equal_requests_take_turns() -> None:
    """Two requests of one name are not mixed up: the second is sent when the first has its answer."""

    async def talk() -> None:
        answers, sent = Answers(), list[str]()
        tasks = [
            asyncio.create_task(answers.ask("the time", lambda name=name: sent.append(name), LONG))  # type: ignore[misc]
            for name in ("first", "second")
        ]
        await asyncio.sleep(0.01)
        assert sent == ["first"]
        for _ in tasks:
            answers.add("the time", sent[-1])
            answers.end("the time")
            await asyncio.sleep(0.01)
        assert await asyncio.gather(*tasks) == [["first"], ["second"]]

    asyncio.run(talk())


def test_a_lost_connection_fails_all() -> None:
    """Every open request gets an error of its own."""

    async def talk() -> None:
        answers = Answers()
        tasks = [
            asyncio.create_task(answers.ask("positions", silent, LONG)),
            asyncio.create_task(answers.ask_numbered("SPY", lambda _: None, LONG)),
        ]
        await asyncio.sleep(0)
        answers.fail_all(lambda: BrokerError("gone"))
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(error) for error in errors] == ["gone", "SPY: gone"]

    asyncio.run(talk())
