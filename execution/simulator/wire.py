"""Frames of the TWS protocol, and messages as declared lists of fields.

A frame is a length (four bytes, big-endian) and fields of text, each closed by a NUL. The fields of a message depend on
the version that both sides agreed on in the handshake.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LENGTH = struct.Struct(">I")
NEWEST = 10_000
TOKEN = re.compile(
    r"(?P<name>\w+)(?:=(?P<default>[^<>!]*))?(?P<gate>!(?P<allowed>\w*))?(?:>=(?P<since>\d+)|<(?P<until>\d+))?"
)

Value = str | int | bool | float | Decimal
Values = dict[str, str]


class MalformedMessageError(ValueError):
    """Fields that do not fit the message of their number."""


class UnsupportedFieldError(ValueError):
    """A field that asks for more than the simulator knows; `seen` are the fields before it."""

    def __init__(self, name: str, value: str, seen: Values) -> None:
        super().__init__(f"{name}={value} is not simulated")
        self.name = name
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message, sent from version `since` to before `until`.

    A gate announces further fields, which are not simulated: it must be empty, 0 or `allowed`.
    """

    name: str
    default: str
    since: int
    until: int
    is_gate: bool
    allowed: str

    def check(self, value: str, seen: Values) -> None:
        """Raise UnsupportedFieldError if fields follow that no layout lists."""
        if self.is_gate and value not in {"", "0", self.allowed}:
            raise UnsupportedFieldError(self.name, value, seen)


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one message after its number, in order.

    Attributes:
        row: The fields of a row, for messages that end in a count and as many rows.
        is_open: More fields may follow, and are not read.
    """

    number: int
    fields: tuple[Field, ...]
    row: tuple[str, ...]
    is_open: bool

    def encode(self, version: int, values: Mapping[str, Value], rows: Sequence[Sequence[Value]] = ()) -> list[str]:
        """Return the message as fields; those left out of `values` have their defaults."""
        sent = [field for field in self.fields if field.since <= version < field.until]
        unknown = values.keys() - {field.name for field in self.fields}
        if unknown:
            raise MalformedMessageError(f"message {self.number} has no {sorted(unknown)}")
        fields = [str(self.number), *(to_text(values.get(field.name, field.default)) for field in sent)]
        if self.row:
            fields += [str(len(rows)), *(to_text(value) for row in rows for value in row)]
        return fields

    def decode(self, version: int, fields: Sequence[str]) -> Values:
        """Return the fields by name, those of rows as `name.0`, `name.1` and so on.

        Raises:
            MalformedMessageError: There are too few or too many.
            UnsupportedFieldError: A gate is open.
        """
        sent = [field for field in self.fields if field.since <= version < field.until]
        values: Values = {}
        for field, value in zip(sent, fields[1:], strict=False):
            field.check(value, values)
            values[field.name] = value
        rest = fields[1 + len(sent) :]
        if len(values) < len(sent) or (rest and not self.row and not self.is_open):
            raise MalformedMessageError(f"message {self.number} with {len(fields)} fields at version {version}")
        return values | self._rows(rest) if self.row else values

    def _rows(self, fields: Sequence[str]) -> Values:
        if not fields or int(fields[0]) * len(self.row) != len(fields) - 1:
            raise MalformedMessageError(f"message {self.number} counts {fields[:1]} rows in {len(fields)} fields")
        names = [f"{name}.{at}" for at in range(int(fields[0])) for name in self.row]
        return dict(zip(names, fields[1:], strict=True))


def layout(number: int, fields: str, row: str = "") -> Layout:
    """Read the declaration of a message.

    Args:
        number: First field of the message.
        fields: Names between blanks: `name`, `name=default`, `name>=160`, `name<177` for versions, `name!` or
            `name!ALLOWED` for a gate; `...` at the end means that further fields are not read.
        row: The fields of each row, if the message ends in counted rows.
    """
    words = fields.split()
    is_open = words[-1:] == ["..."]
    return Layout(
        number, tuple(_field(word) for word in (words[:-1] if is_open else words)), tuple(row.split()), is_open
    )


def _field(word: str) -> Field:
    match = TOKEN.fullmatch(word)
    if match is None:
        raise ValueError(f"not a field: {word!r}")
    return Field(
        name=match["name"],
        default=match["default"] or "",
        since=int(match["since"] or 0),
        until=int(match["until"] or NEWEST),
        is_gate=match["gate"] is not None,
        allowed=match["allowed"] or "",
    )


def to_text(value: Value) -> str:
    """Write a value as the wire has it: 0 and 1 for booleans, plain digits without an exponent or needless zeros."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (Decimal, float)):
        digits = f"{value:f}"
        return digits.rstrip("0").rstrip(".") or "0" if "." in digits else digits
    return str(value)


def to_frame(fields: Sequence[str]) -> bytes:
    """Close each field with a NUL and put the length in front."""
    payload = "\0".join([*fields, ""]).encode()
    return LENGTH.pack(len(payload)) + payload


def from_payload(payload: bytes) -> list[str]:
    """Split the payload of a frame into its fields."""
    return payload.decode(errors="backslashreplace").split("\0")[:-1]
