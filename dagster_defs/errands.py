"""Errands of the page that take Dagster or the warehouse's marts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster_defs.published_ledger import publish_ledger
from operations import preflight
from operations.alerts.telling import tell
from operations.web.control import Errands

if TYPE_CHECKING:
    from execution.installation import Installation
    from execution.ledger.watch_events import Check


def errands_of(installation: Installation) -> Errands:
    """Return what the page hands on; Dagster is imported with the first preflight."""

    def examine() -> tuple[Check, ...]:
        from dagster_defs.automation import automation  # noqa: PLC0415 - it imports Dagster, which takes seconds

        now = datetime.now(UTC)
        checks = preflight.run(installation, now, automation=automation(installation, now))
        tell(installation, now)
        publish()
        return checks

    def publish() -> str:
        return publish_ledger(installation, is_building=False)

    return Errands(examine, publish)
