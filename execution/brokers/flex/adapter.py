"""The entry of Interactive Brokers' statements."""

from __future__ import annotations

from execution.brokers.flex.client import pull
from execution.brokers.flex.reader import read
from execution.brokers.statements import StatementAdapter

ADAPTER = StatementAdapter(pull, read)
