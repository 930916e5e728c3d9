"""The views of the page in the order of its navigation, with their names, symbols and keys."""

from __future__ import annotations

from dataclasses import dataclass

from operations.web.documents import View
from operations.web.views import (
    correlations,
    decisions,
    equity,
    evidence,
    explorer,
    holdings,
    metrics,
    orders,
    overview,
    quality,
    runs,
    statements,
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A view's place in the navigation.

    Attributes:
        name: Of the view, and of its address.
        is_foremost: Stands in the bar of a phone; the others are behind "More".
    """

    name: str
    title: str
    summary: str
    is_foremost: bool = False


TABS = (
    Tab("overview", "Overview", "Status at a glance, and equity beside the backtest and SPY.", is_foremost=True),
    Tab("holdings", "Holdings", "Positions against targets, and the next rebalance.", is_foremost=True),
    Tab("decisions", "Decisions", "Why each symbol was held or not, on any session.", is_foremost=True),
    Tab("orders", "Orders", "Orders, fills and what trading cost.", is_foremost=True),
    Tab("correlations", "Correlations", "The matrix behind the newest decision."),
    Tab("quality", "Data quality", "Freshness, doubted bars, differences between sources."),
    Tab("runs", "Runs & alerts", "What ran, how it ended, what was told."),
    Tab("evidence", "Evidence", "Backtest and walk-forward, and the tear sheet."),
    Tab("explorer", "Explorer", "What other parameters would have earned."),
    Tab("statements", "Statements", "The broker's own word: what differs, what was paid in and out, and who signed."),
)

VIEWS = {
    view.name: view
    for view in (
        View("overview", overview.document, is_timed=True),
        View("equity", equity.document),
        View("holdings", holdings.document, is_timed=True),
        View("decisions", decisions.document),
        View("orders", orders.document),
        View("correlations", correlations.document),
        View("quality", quality.document, is_timed=True),
        View("runs", runs.document),
        View("evidence", evidence.document),
        View("metrics", metrics.document, is_timed=True),
        View("explorer", explorer.document),
        View("statements", statements.document, is_timed=True),
    )
}
"""In the order in which they are computed."""
