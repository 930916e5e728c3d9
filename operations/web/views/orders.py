"""Orders: orders, fills and slippage of the account, as the ledger's marts have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operations.web.reading import Reading

MOST = 200
"""Newest rows that are shown."""
TOTALS = """
SELECT count(*) AS orders, count(DISTINCT session_date) AS sessions, sum(filled * average_price) AS traded,
    sum(commission) AS commission,
    sum(decision_slippage_usd) / nullif(sum(filled * decision_price), 0) AS decision_slippage,
    sum(close_slippage_usd) / nullif(sum(filled * close), 0) AS close_slippage
FROM slippage
"""


def document(reading: Reading) -> dict[str, Any]:
    """Return the newest orders and fills, and what trading cost; empty before the first rebalance was published."""
    totals = reading.if_built(TOTALS)
    return {
        "totals": totals[0] if totals and totals[0]["orders"] else None,
        "orders": reading.if_built(
            "SELECT session_date, symbol, side, quantity, limit_price, status, filled, average_price, commission, "
            "sends, reasons, mode, decision_slippage, close_slippage, order_ref, intended_at "
            "FROM orders LEFT JOIN (SELECT account_id, order_ref, decision_slippage, close_slippage FROM slippage) "
            f"USING (account_id, order_ref) ORDER BY intended_at DESC LIMIT {MOST}"
        ),
        "fills": reading.if_built(
            "SELECT session_date, symbol, side, quantity, price, amount, commission, executed_at, is_corrected, "
            f"exec_id FROM fills ORDER BY executed_at DESC LIMIT {MOST}"
        ),
    }
