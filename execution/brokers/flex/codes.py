"""Codes of the Flex web service, version 3, in words: what each means, and what to do."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class FlexAnswer(StrEnum):
    """Consequences of a code."""

    WAIT = "wait"
    """The statement is being made: ask again for the same one."""
    LATER = "later"
    """The same request may succeed later."""
    PERSON = "person"
    """A person has to change something first."""


class FlexCode(NamedTuple):
    """Meaning of a code."""

    answer: FlexAnswer
    meaning: str
    remedy: str


LATER = "The next pull asks again; nothing has to be done unless it lasts for days."
PORTAL = "Client Portal, Performance & Reports, Flex Queries"
TOKEN = f"Make a new one ({PORTAL}, Flex Web Service Configuration) with the longest life it offers, and store it."

FLEX_CODES = MappingProxyType(
    {
        "1001": FlexCode(FlexAnswer.LATER, "the statement could not be made just now", LATER),
        "1003": FlexCode(FlexAnswer.LATER, "the statement is not available", LATER),
        "1004": FlexCode(FlexAnswer.LATER, "the statement is not complete yet", LATER),
        "1005": FlexCode(FlexAnswer.LATER, "its settlement data is not ready", LATER),
        "1006": FlexCode(FlexAnswer.LATER, "its FIFO profits are not ready", LATER),
        "1007": FlexCode(FlexAnswer.LATER, "its mark-to-market profits are not ready", LATER),
        "1008": FlexCode(FlexAnswer.LATER, "its profits are not ready", LATER),
        "1009": FlexCode(FlexAnswer.LATER, "the broker's server is under heavy load", LATER),
        "1010": FlexCode(
            FlexAnswer.PERSON,
            "the query is of an old kind",
            f"Make an Activity Flex Query ({PORTAL}) and store its id.",
        ),
        "1011": FlexCode(
            FlexAnswer.PERSON, "the Flex web service is switched off", f"Activate it in the {PORTAL}, Flex Web Service."
        ),
        "1012": FlexCode(FlexAnswer.PERSON, "the token has expired", TOKEN),
        "1013": FlexCode(
            FlexAnswer.PERSON,
            "the token may not be used from this machine's address",
            "Make a token without an IP restriction, or one for this address, and store it.",
        ),
        "1014": FlexCode(
            FlexAnswer.PERSON,
            "the query does not exist",
            f"Copy the query's id from the {PORTAL}: the number beside its name, not the token.",
        ),
        "1015": FlexCode(FlexAnswer.PERSON, "the token is wrong", TOKEN),
        "1016": FlexCode(
            FlexAnswer.PERSON, "the account is wrong", "Make the query in the login of the account that is traded."
        ),
        "1017": FlexCode(FlexAnswer.LATER, "the statement that was ordered is not known any more", LATER),
        "1018": FlexCode(
            FlexAnswer.LATER,
            "too many requests came with this token: one a second and ten a minute are allowed",
            "Wait a minute. Give another program that pulls statements a token of its own.",
        ),
        "1019": FlexCode(FlexAnswer.WAIT, "the statement is still being made", LATER),
        "1020": FlexCode(
            FlexAnswer.LATER,
            "the request was not understood",
            f"If it lasts, compare token and query id with the {PORTAL}.",
        ),
        "1021": FlexCode(FlexAnswer.LATER, "the statement could not be fetched just now", LATER),
    }
)
UNKNOWN = FlexCode(
    FlexAnswer.PERSON, "a code that is not known here", f"Look at the query and the token in the {PORTAL}."
)
