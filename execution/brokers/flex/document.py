"""Flex documents: XML without a document type, read as a whole or not at all."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.parsers import expat

from execution.errors import StatementError, StatementUnavailableError

RESPONSES = ("FlexQueryResponse", "FlexStatementResponse")


class _ForbiddenError(Exception):
    """The document declares a type, by which entities could grow without end or read files."""


def root_of(content: bytes) -> ET.Element:
    """Return the root of a document.

    Raises:
        StatementUnavailableError: It is no XML, cut off, or another page; a later one may be right.
        StatementError: It declares a document type.
    """
    try:
        _scan(content)
        root = ET.fromstring(content)  # noqa: S314 - what could harm is refused above
    except _ForbiddenError:
        raise StatementError(
            "The broker's statement declares a document type, which no statement has: it is not read. Get it again, "
            "from the broker's own page."
        ) from None
    except (expat.ExpatError, ET.ParseError, ValueError) as error:
        what = "a web page" if content.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html")) else "no XML"
        raise StatementUnavailableError(
            f"The broker's statement is {what}, or was cut off ({error}; {len(content):,} bytes). The service may be "
            "under maintenance, or a proxy answered; the next pull asks again."
        ) from None
    if root.tag not in RESPONSES:
        raise StatementUnavailableError(
            f"The broker's statement is a document <{root.tag[:40]}>, and not one of {', '.join(RESPONSES)}. The "
            "service may be under maintenance, or a proxy answered; choose XML as the query's format."
        )
    return root


def _scan(content: bytes) -> None:
    """Read a document to its end without building anything. Raises _ForbiddenError, expat.ExpatError."""

    def forbid(*_declared: object) -> None:
        raise _ForbiddenError

    def forbid_type(name: str, *_declared: object) -> None:
        if name.lower() != "html":  # a web page, which is told as one
            raise _ForbiddenError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = forbid_type
    parser.EntityDeclHandler = forbid
    parser.Parse(content, True)  # noqa: FBT003 - the library's own
