"""Remedies of the runbook, tried in sessions of the soak: what a person is told to do is done, as it is written."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from soak_faults import Act, Fault, done

from execution.simulator.account import Holding

if TYPE_CHECKING:
    from soak_machine import Machine

    from execution.simulator.server import Simulator

SYMBOL = "GLD"
SHARES = 7


def _transfer(machine: Machine) -> None:
    """Move shares into the account that nobody has ordered."""

    def move(simulator: Simulator) -> None:
        holding = simulator.account.holdings.setdefault(SYMBOL, Holding())
        holding.quantity += SHARES

    machine.gateway.ask(move)


def _accept(machine: Machine) -> None:
    done(machine.swing("resume", "--accept-positions"))


def _resume(machine: Machine) -> None:
    done(machine.swing("resume"))


def _reduce_only(machine: Machine) -> None:
    done(machine.swing("reduce-only"))


def _flatten(machine: Machine) -> None:
    done(machine.swing("halt", "--flatten", "--reason", "a fire"))


def _acknowledge(machine: Machine) -> None:
    done(machine.swing("ack", "all"))


def _back_up(machine: Machine) -> None:
    done(machine.swing("backup", str(machine.home.parent / "backups")))


def _destroy(machine: Machine) -> None:
    """Lose the home, and the daemon with it."""
    machine.kill_daemon()
    shutil.rmtree(machine.home)


def _restore(machine: Machine) -> None:
    (archive,) = (machine.home.parent / "backups").glob("*.zip")
    done(machine.swing("restore", str(archive)))
    archive.unlink()
    machine.start_daemon()


REMEDIES: tuple[Fault, ...] = (
    Fault(
        "remedy: shares were moved in, and a person accepts them at 15:57",
        (Act(6, _transfer), Act(3.2, _accept)),
        3.5,
    ),
    Fault("remedy: reduce-only for a day", (Act(300, _reduce_only), Act(-30, _resume))),
    Fault(
        "remedy: halt --flatten an hour before the close",
        (Act(60, _flatten), Act(-30, _resume), Act(-31, _acknowledge)),
        is_missed=True,
    ),
    Fault(
        "remedy: the home is destroyed at 13:00 and restored from a backup of noon",
        (Act(240, _back_up), Act(170, _destroy), Act(100, _restore)),
    ),
)
