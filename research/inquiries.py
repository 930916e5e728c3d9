"""The record of searches and checks: what was asked of which configuration, when, and what was found."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from warehouse.settings.portfolio import load_portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warehouse.lake import Lake

PATIENCE_SECONDS = 600
"""A daily run may hold the lock; minutes of computing are worth waiting with."""


class InquiryKind(StrEnum):
    """Question that is asked of the strategy, beside the backtest."""

    SEARCH = "search"
    LOOK_AHEAD = "lookahead"
    WARM_UP = "warmup"


def record_inquiry(lake: Lake, kind: InquiryKind, asked: Mapping[str, Any], found: Any) -> None:  # noqa: ANN401 - JSON
    """Append what was asked and found, under the configuration of now; the writer's lock is held meanwhile.

    Args:
        lake: The lake, and the configuration beside it.
        kind: The question.
        asked: Its options, JSON values by name.
        found: The answer, a JSON value; dates become texts.

    Raises:
        ConfigurationError: The configuration is not valid.
        LakeBusyError: Another run has been writing for ten minutes.
    """
    texts = [json.dumps(each, default=str) for each in (asked, found)]
    row = (str(kind), load_portfolio(lake.home).parameters_hash, *texts)
    with lake.lock(PATIENCE_SECONDS), lake.writer() as connection:
        connection.execute("INSERT INTO landing.inquiries VALUES (?, ?, ?, ?, now())", row)
