"""One installation: its home, ledger and gateway, each read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import SecretStr

    from execution.brokers.base import Endpoint
    from warehouse.settings.portfolio import Portfolio


@dataclass(frozen=True)
class Installation:
    """Locations of everything that belongs to one installation.

    Attributes:
        home: Folder of warehouse, configuration and records; absolute.
        ledger_url: Address of the ledger; empty for a file in `home`.
        gateway_host: Overrides `broker.host`; empty to leave it, as for the next two.
        gateway_port: Overrides `broker.port`.
        gateway_client_id: Overrides `broker.client_id`.
        urls: Of alerts' channels, by their names, and of the `heartbeat`, as far as the environment has them.
        secret_folders: Where files with secrets may lie, beside `secrets` in the home.
        flex: Variables of the environment that lead to the broker's statements: IBKR_FLEX_TOKEN and its like.
    """

    home: Path
    ledger_url: str = ""
    gateway_host: str = ""
    gateway_port: str = ""
    gateway_client_id: str = ""
    urls: Mapping[str, SecretStr] = field(default_factory=dict, repr=False, hash=False)
    secret_folders: tuple[Path, ...] = ()
    flex: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def lake(self) -> Lake:
        """The warehouse."""
        return Lake(self.home)

    @property
    def reports(self) -> Path:
        """Folder of pictures and files, unless another is asked for."""
        return self.home / "reports"

    @cached_property
    def portfolio(self) -> Portfolio:
        """The configuration. Raises ConfigurationError if it is not valid."""
        from warehouse.settings.portfolio import load_portfolio  # noqa: PLC0415 - a look-up needs no configuration

        return load_portfolio(self.home)

    @property
    def gateway(self) -> Endpoint:
        """Address of the broker's gateway, and the account that is traded there.

        Raises:
            ConfigurationError: The configuration is not valid, or the port or the client id is no whole number.
        """
        from execution.brokers.base import Endpoint  # noqa: PLC0415 - as above

        configured = self.portfolio.broker
        try:
            return Endpoint(
                host=self.gateway_host or configured.host,
                port=int(self.gateway_port or configured.port),
                client_id=int(self.gateway_client_id or configured.client_id),
                account_id=configured.account,
                primary_exchanges=configured.primary_exchanges,
            )
        except ValueError as error:
            raise ConfigurationError(
                f"IB_PORT and IB_CLIENT_ID must be whole numbers: {error}. Correct or unset them."
            ) from error
