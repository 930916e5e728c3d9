"""Entry of this folder: sessions, bars and the connection test of Interactive Brokers."""

from execution.brokers.base import BrokerAdapter
from execution.brokers.tws.bars import IbkrBars
from execution.brokers.tws.broker import IbkrBroker
from execution.brokers.tws.diagnosis import diagnose

ADAPTER = BrokerAdapter(IbkrBroker, IbkrBars, diagnose)
