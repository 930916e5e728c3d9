"""The account's own returns beside the backtest's, over the same sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from research.readers import if_built
from research.report.facts.series import Series
from research.report.names import BACKTEST
from research.statistics.metrics import drawdown, total_return
from warehouse.readers import Question

if TYPE_CHECKING:
    from datetime import date

    import duckdb

ACCOUNTS = Question(
    "SELECT account_id, session_date, equity, daily_return FROM account_daily ORDER BY account_id, session_date"
)
"""The ledger's accounts, deposits taken out of the returns; a warehouse without the relation has none."""


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account over the sessions since it was first seen, with the backtest of the live strategy over the same.

    Attributes:
        sessions: Sessions with a return.
        equity: USD at the last of them.
        total: Time-weighted return, a fraction.
        expected: Return of the backtest.
        tracking: Deviation of the difference between both, per session; None of a single session.
    """

    account_id: str
    first: date
    last: date
    sessions: int
    equity: float
    total: float
    drawdown: float
    expected: float
    tracking: float | None


@dataclass(frozen=True, slots=True, eq=False)
class AccountCurves:
    """Series of an account, and of the backtest over its sessions."""

    account: Series
    backtest: Series


def read_accounts(connection: duckdb.DuckDBPyConnection, live: Series) -> list[tuple[AccountRecord, AccountCurves]]:
    """Read each account that has earned in a session of the backtest."""
    rows = if_built(connection, ACCOUNTS)
    found = []
    for account, frame in rows.groupby("account_id", sort=True) if len(rows) else ():
        known = frame.dropna(subset=["daily_return"])
        known = known[known["session_date"].isin(live.sessions)]
        if known.empty:
            continue
        sessions = pd.DatetimeIndex(known["session_date"])
        own = Series(f"Account {account}", "", sessions, known["daily_return"].to_numpy(dtype=float))
        beside = Series(BACKTEST, "", sessions, live.returns[live.sessions.isin(sessions)])
        record = AccountRecord(
            account_id=str(account),
            first=sessions[0].date(),
            last=sessions[-1].date(),
            sessions=len(sessions),
            equity=float(known["equity"].iloc[-1]),
            total=own.total,
            drawdown=float(drawdown(own.returns).min()),
            expected=total_return(beside.returns),
            tracking=float(np.std(own.returns - beside.returns, ddof=1)) if len(sessions) > 1 else None,
        )
        found.append((record, AccountCurves(own, beside)))
    return found
