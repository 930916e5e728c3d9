"""Read the environment: no other module of the project does. Loads no framework."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from execution.installation import Installation

if TYPE_CHECKING:
    from pydantic import SecretStr

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


def find_key(name: str, home: Path) -> SecretStr | None:
    """Find a vendor's key such as TIINGO_API_KEY: in the environment, a file, or a folder of secrets.

    The folders are `secrets` in the home, the one of a service manager ($CREDENTIALS_DIRECTORY), and a container's.

    Raises:
        ConfigurationError: What is found there is no key.
    """
    from warehouse.sources.credentials import read_key  # noqa: PLC0415 - only a fetch needs it

    mounted = [Path(folder) for folder in (os.environ.get("CREDENTIALS_DIRECTORY"), "/run/secrets") if folder]
    return read_key(name, os.environ, [home / "secrets", *mounted])


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
