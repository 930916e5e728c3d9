"""Entry of this folder: sessions, bars and the connection test of Interactive Brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from execution.brokers.base import BrokerAdapter
from execution.brokers.tws.bars import IbkrBars
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.diagnosis import diagnose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from execution.brokers.base import Endpoint, Finding


class TwsAdapter(BrokerAdapter):
    """TWS or IB Gateway over its socket."""

    def broker(self, endpoint: Endpoint) -> IbkrBroker:
        """See BrokerAdapter.broker."""
        return IbkrBroker(endpoint)

    def bars(self, endpoint: Endpoint, symbols: Sequence[str], history: str) -> IbkrBars:
        """See BrokerAdapter.bars."""
        return IbkrBars(endpoint, symbols, history)

    async def diagnose(self, endpoint: Endpoint, symbol: str, now: datetime) -> list[Finding]:
        """See BrokerAdapter.diagnose."""
        return await diagnose(endpoint, symbol, now)


ADAPTER = TwsAdapter()
