"""Read the environment: no other module of the project does. Loads no framework."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from execution.installation import Installation
from warehouse.calendar.kept import keep_in

if TYPE_CHECKING:
    from pydantic import SecretStr

FLEX = "IBKR_FLEX_"
"""Begins the variables that lead to the broker's statements."""
PROJECT = Path(__file__).parent.parent
ALERT = "SWING_ALERT_"
"""Begins the variables that hold the URLs of alerts' channels."""
IN_USE = ("SWING_LEDGER", "SWING_DAGSTER", "SWING_HEARTBEAT", "IB_HOST", "IB_PORT", "IB_CLIENT_ID")
"""Variables that lead to what an installation works with, its alerts apart."""


def installation() -> Installation:
    """Read $SWING_HOME, $SWING_LEDGER, $IB_HOST, $IB_PORT, $IB_CLIENT_ID, $IBKR_FLEX_… and where alerts go."""
    return Installation(
        home=Path(os.environ.get("SWING_HOME") or PROJECT / ".swing").expanduser().absolute(),
        ledger_url=os.environ.get("SWING_LEDGER", ""),
        gateway_host=os.environ.get("IB_HOST", ""),
        gateway_port=os.environ.get("IB_PORT", ""),
        gateway_client_id=os.environ.get("IB_CLIENT_ID", ""),
        urls=_urls(),
        secret_folders=_mounted(),
        flex={name: value for name, value in os.environ.items() if name.startswith(FLEX)},
    )


def _urls() -> dict[str, SecretStr]:
    """Return the URLs of alerts' channels, by name, and of the heartbeat."""
    found = {
        name.removeprefix(ALERT).lower(): value
        for name, value in os.environ.items()
        if name.startswith(ALERT) and value
    }
    if beat := os.environ.get("SWING_HEARTBEAT"):
        found["heartbeat"] = beat
    if not found:
        return {}
    from pydantic import SecretStr  # noqa: PLC0415 - most environments have none

    return {name: SecretStr(value) for name, value in found.items()}


def _mounted() -> tuple[Path, ...]:
    """Return the folders of secrets of a service manager and of a container."""
    return tuple(Path(folder) for folder in (os.environ.get("CREDENTIALS_DIRECTORY"), "/run/secrets") if folder)


def find_key(name: str, home: Path) -> SecretStr | None:
    """Find a vendor's key such as TIINGO_API_KEY: in the environment, a file, or a folder of secrets.

    The folders are `secrets` in the home, the one of a service manager ($CREDENTIALS_DIRECTORY), and a container's.

    Raises:
        ConfigurationError: What is found there is no key.
    """
    from warehouse.sources.credentials import read_key  # noqa: PLC0415 - only a fetch needs it

    return read_key(name, os.environ, [home / "secrets", *_mounted()])


def user_units() -> Path:
    """Return the folder of the present user's units of systemd, after $XDG_CONFIG_HOME."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def ui_hosts() -> frozenset[str]:
    """Read $SWING_UI_HOSTS: names, beside this machine's own, under which a proxy serves the Dagster UI."""
    return frozenset(name.strip().lower() for name in os.environ.get("SWING_UI_HOSTS", "").split(",") if name.strip())


def without_installation() -> dict[str, str]:
    """Return the environment without what leads to the ledger, the gateway and the people of an installation."""
    return {name: value for name, value in os.environ.items() if name not in IN_USE and not name.startswith(ALERT)}


def prepare_environment() -> Installation:
    """Tell this process and those it starts where everything is; make no folder, so that nothing can fail.

    Call before Dagster reads dagster.yaml.
    """
    os.umask(0o077)  # ledger, catalog and run history are their owner's alone
    here = installation()
    folder = here.home
    keep_in(folder / "kept")
    os.environ["SWING_HOME"] = str(folder)
    os.environ["SWING_DAGSTER"] = str(folder / "dagster")
    os.environ["DAGSTER_HOME"] = str(PROJECT)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    if is_logged_as_json():
        from operations.logs import configure  # noqa: PLC0415 - a terminal needs none

        configure(file=os.environ.get("SWING_LOG_FILE", ""))
    return here


def is_logged_as_json() -> bool:
    """Read $SWING_LOG: `json` writes lines for machines, to stderr or to $SWING_LOG_FILE; anything else none."""
    return os.environ.get("SWING_LOG") == "json"


def is_stderr_for_machines() -> bool:
    """Return True if stderr holds lines of JSON alone, so that words for people have no place there."""
    return is_logged_as_json() and not os.environ.get("SWING_LOG_FILE")
