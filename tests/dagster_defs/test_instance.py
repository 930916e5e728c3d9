"""Runs that a kill has left behind: they are ended by whoever holds the writer's lock, and no live one is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from dagster_defs.assets.rebalance import _lowered
from dagster_defs.instance import PERMUTES, WRITER, end_dead_runs, fail_others
from execution.errors import TradeRefusedError
from execution.installation import Installation
from warehouse.settings.trading import Mode

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation without anything."""
    return Installation(tmp_path / "home")


def _run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str]) -> str:
    return str(create_run_for_test(instance, status=status, tags=tags).run_id)


def _later() -> float:
    """Return the time in an hour: the runs are older then."""
    return time.time() + HOUR


def _statuses(instance: dg.DagsterInstance) -> dict[str, dg.DagsterRunStatus]:
    return {run.run_id: run.status for run in instance.get_runs()}


def test_a_killed_writer_is_ended(here: Installation) -> None:
    """Runs that write and cannot be alive are failed; queued, ended and other ones stay as they are."""
    with dg.DagsterInstance.ephemeral() as instance:
        dead = {
            _run(instance, status, WRITER)
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING)
        }
        queued = _run(instance, dg.DagsterRunStatus.NOT_STARTED, WRITER)
        permutes = _run(instance, dg.DagsterRunStatus.STARTED, PERMUTES)
        done = _run(instance, dg.DagsterRunStatus.SUCCESS, WRITER)
        assert set(end_dead_runs(here, instance, _later)) == dead
        found = _statuses(instance)
        assert {found[run_id] for run_id in dead} == {dg.DagsterRunStatus.FAILURE}
        assert found[queued] is dg.DagsterRunStatus.NOT_STARTED
        assert found[permutes] is dg.DagsterRunStatus.STARTED
        assert found[done] is dg.DagsterRunStatus.SUCCESS


def test_a_living_writer_is_left_alone(here: Installation) -> None:
    """A run that has just started may not have the lock yet; one that has it keeps everybody from ending anything."""
    with dg.DagsterInstance.ephemeral() as instance:
        young = _run(instance, dg.DagsterRunStatus.STARTED, WRITER)
        assert end_dead_runs(here, instance) == []
        with here.lake.lock():
            assert end_dead_runs(here, instance, _later) == []
            assert fail_others(instance, young, _later) == []
        assert _statuses(instance) == {young: dg.DagsterRunStatus.STARTED}


@pytest.mark.parametrize(
    ("asked", "configured", "mode"),
    [
        ("", Mode.PAPER, Mode.PAPER),
        ("dry_run", Mode.LIVE, Mode.DRY_RUN),
        ("paper", Mode.LIVE, Mode.PAPER),
        ("live", Mode.LIVE, Mode.LIVE),
        ("live", Mode.PAPER, None),
        ("paper", Mode.DRY_RUN, None),
        ("everything", Mode.LIVE, None),
    ],
)
def test_a_launch_may_only_lower_the_mode(asked: str, configured: Mode, mode: Mode | None) -> None:
    """Whoever can launch a run cannot thereby trade more than the owner configured."""
    if mode is None:
        with pytest.raises(TradeRefusedError, match="may lower"):
            _lowered(asked, configured)
    else:
        assert _lowered(asked, configured) is mode


def test_a_launch_confirms_no_account() -> None:
    """The account of live trading stands in the configuration alone."""
    from dagster_defs.assets.rebalance import Rebalance  # noqa: PLC0415 - reads like the case above

    assert set(Rebalance.model_fields) == {"mode", "is_gateway_clock"}
