"""The configuration's section about the broker's own statements."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from warehouse.settings.layers import Section


class StatementPolicy(StrEnum):
    """Consequences of having no clean statement for too many sessions."""

    NONE = "none"
    WARN = "warn"
    REDUCE_ONLY = "reduce_only"


class StatementSettings(Section):
    """Address of the service that makes statements, and the consequences of having none; its token makes it work."""

    url: str = Field(
        pattern=r"^(https://[^/\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?)(/[^\s?#]*)?$",
        description="an https:// address without ? and #",
    )
    after_sessions: int = Field(ge=1, le=60, description="a whole number of sessions from 1 to 60")
    policy: StatementPolicy = Field(strict=False, description=f"one of {', '.join(StatementPolicy)}")
