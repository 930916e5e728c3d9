"""Frames and messages: what is encoded is decoded again, and nothing else passes for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.simulator.messages import MESSAGES, NEWEST_VERSION, OLDEST_VERSION, REQUESTS
from execution.simulator.wire import (
    LENGTH,
    Layout,
    MalformedMessageError,
    UnsupportedFieldError,
    from_payload,
    layout,
    to_frame,
    to_text,
)

LAYOUTS = [*REQUESTS.values(), *MESSAGES.values()]
VERSIONS = st.integers(OLDEST_VERSION, NEWEST_VERSION)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@st.composite
def _messages(draw: st.DrawFn) -> tuple[Layout, int, dict[str, str], list[list[str]]]:
    """A message of any kind with any values, its gates shut."""
    message, version = draw(st.sampled_from(LAYOUTS)), draw(VERSIONS)
    values = {
        field.name: draw(TEXTS)
        for field in message.fields
        if field.since <= version < field.until and not field.is_gate and draw(st.booleans())
    }
    rows = draw(st.lists(st.lists(TEXTS, min_size=len(message.row), max_size=len(message.row)), max_size=3))
    return message, version, values, rows if message.row else []


@settings(deadline=None)
@given(_messages())
def test_a_message_survives_the_wire(sent: tuple[Layout, int, dict[str, str], list[list[str]]]) -> None:
    """Encoded, framed and decoded, a message has the values it was given, and its defaults elsewhere."""
    message, version, values, rows = sent
    frame = to_frame(message.encode(version, values, rows))
    assert LENGTH.unpack(frame[:4])[0] == len(frame) - 4
    received = message.decode(version, from_payload(frame[4:]))
    defaults = {field.name: field.default for field in message.fields if field.since <= version < field.until}
    listed = {
        f"{name}.{at}": value for at, row in enumerate(rows) for name, value in zip(message.row, row, strict=True)
    }
    assert received == defaults | values | listed


@settings(deadline=None)
@given(_messages())
def test_a_field_too_many_or_too_few_is_noticed(sent: tuple[Layout, int, dict[str, str], list[list[str]]]) -> None:
    """A message of another length than its layout is malformed; only open layouts may go on."""
    message, version, values, rows = sent
    fields = message.encode(version, values, rows)
    if message.is_open:
        message.decode(version, [*fields, "more"])
    else:
        with pytest.raises(MalformedMessageError):
            message.decode(version, [*fields, "more"])
    if len(fields) > 1:
        with pytest.raises(MalformedMessageError):
            message.decode(version, fields[:-1])


@pytest.mark.parametrize(
    ("version", "open_order", "completed", "execution"),
    [
        (157, 120, 92, 31),
        (162, 123, 92, 31),
        (169, 123, 92, 31),
        (170, 128, 97, 31),
        (176, 128, 97, 31),
        (177, 127, 96, 31),
        (178, 127, 96, 32),
    ],
)
def test_long_messages_have_the_captured_lengths(version: int, open_order: int, completed: int, execution: int) -> None:
    """The field counts of frames that were captured from gateways, the number included."""
    counted = [len(MESSAGES[name].encode(version, {})) for name in ("openOrder", "completedOrder", "execDetails")]
    assert counted == [open_order, completed, execution]


def test_an_open_gate_is_refused_with_what_came_before() -> None:
    """A field that announces others is named, and the fields before it are still known."""
    asked = REQUESTS["reqMktData"].encode(176, {"reqId": 7, "secType": "BAG"})
    with pytest.raises(UnsupportedFieldError, match="secType=BAG") as caught:
        REQUESTS["reqMktData"].decode(176, asked)
    assert caught.value.seen["reqId"] == "7"


def test_an_unknown_field_is_no_field() -> None:
    """A value for a field that the message does not have is an error, and so is a declaration that cannot be read."""
    with pytest.raises(MalformedMessageError, match="price"):
        MESSAGES["positionEnd"].encode(176, {"price": 1})
    with pytest.raises(ValueError, match="not a field"):
        layout(1, "name ??")


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "1"), (3, "3"), (497.960000, "497.96"), (0.1 + 0.2, "0.3"), (10.0, "10"), ("x", "x")],
)
def test_values_are_written_plainly(value: float | str, text: str) -> None:
    """Booleans are digits, and numbers have neither exponents nor needless zeros."""
    assert to_text(value) == text
