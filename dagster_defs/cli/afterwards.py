"""The end of a command that a timer may have started: told to a person, heard outside, changed by neither."""

from __future__ import annotations

import contextlib
import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster_defs.cli import terminal
from warehouse.errors import MachineError, SwingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution.installation import Installation
    from execution.ledger.watch_events import AlertRaised


@contextlib.contextmanager
def told_afterwards(installation: Installation, job: str, *, is_told: bool = True) -> Iterator[None]:
    """Tell how a run ends, and let the outside service hear its begin and end.

    Args:
        installation: Whose alerts and heartbeat.
        job: Name of the run, as the schedule's job has it.
        is_told: False for a run that only looks something up.
    """
    if not is_told:
        yield
        return
    from operations.heartbeat import BEATING, Beat, beat  # noqa: PLC0415 - who only looks something up needs none

    begun, run_id = datetime.now(UTC), str(uuid.uuid4())
    is_heard = job in BEATING
    if is_heard:  # in a thread, as the run must not wait for it
        threading.Thread(target=beat, args=(installation, Beat.START, run_id), daemon=True).start()
    try:
        yield
    except (SwingError, OSError) as error:
        told = error if isinstance(error, SwingError) else MachineError.of(error)
        _tell(installation, _failed(job, begun, told), already_said=str(told))
        if is_heard:
            beat(installation, told.exit_code, run_id)
        raise
    else:
        _tell(installation)
        if is_heard:
            beat(installation, Beat.SUCCESS, run_id)


def _failed(job: str, begun: datetime, error: SwingError) -> AlertRaised:
    from operations.alerts.failures import failed_run  # noqa: PLC0415 - see above

    return failed_run(job, begun, type(error), str(error))


def _tell(installation: Installation, *alerts: AlertRaised, already_said: str = "") -> None:
    from operations.alerts.telling import tell  # noqa: PLC0415 - see above

    for fault in tell(installation, datetime.now(UTC), *alerts).faults:
        if fault != already_said:  # a configuration that cannot be read stops both
            terminal.err.print(terminal.plain(f"Alerts: {fault}"), markup=False)
