"""Read the environment: no other module of the project does. Loads no framework."""

from __future__ import annotations

import os
from pathlib import Path

from execution.installation import Installation

PROJECT = Path(__file__).parent.parent


def installation() -> Installation:
    """Read $SWING_HOME, $SWING_LEDGER, $IB_HOST, $IB_PORT and $IB_CLIENT_ID."""
    return Installation(
        home=Path(os.environ.get("SWING_HOME") or PROJECT / ".swing").expanduser().absolute(),
        ledger_url=os.environ.get("SWING_LEDGER", ""),
        gateway_host=os.environ.get("IB_HOST", ""),
        gateway_port=os.environ.get("IB_PORT", ""),
        gateway_client_id=os.environ.get("IB_CLIENT_ID", ""),
    )


def ui_hosts() -> frozenset[str]:
    """Read $SWING_UI_HOSTS: names, beside this machine's own, under which a proxy serves the Dagster UI."""
    return frozenset(name.strip().lower() for name in os.environ.get("SWING_UI_HOSTS", "").split(",") if name.strip())


def prepare_environment() -> Installation:
    """Tell this process and those it starts where everything is; make no folder, so that nothing can fail.

    Call before Dagster reads dagster.yaml.
    """
    os.umask(0o077)  # ledger, catalog and run history are their owner's alone
    here = installation()
    folder = here.home
    os.environ["SWING_HOME"] = str(folder)
    os.environ["SWING_DAGSTER"] = str(folder / "dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    return here
