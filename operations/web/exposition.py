"""Prometheus metrics, written from documents in memory at each scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric as PrometheusMetric

    from operations.web.documents import Documents

PLAIN = {
    "equity": ("swing_equity_usd", "Equity at the end of the last rebalance, USD."),
    "halted": ("swing_halted", "1 while trading is halted."),
    "reduce_only": ("swing_reduce_only", "1 while the rebalance only sells."),
    "symbols": ("swing_symbols", "Symbols of the universe."),
    "fresh_symbols": ("swing_symbols_fresh", "Symbols of the universe whose newest bar is fresh."),
    "landed_at": ("swing_bars_landed_timestamp_seconds", "Time at which the newest bar was landed."),
    "rebalanced_at": ("swing_last_rebalance_timestamp_seconds", "Time at which the last rebalance ended."),
    "rebalance_seconds": ("swing_last_rebalance_duration_seconds", "Duration of the last rebalance."),
}
"""Field of the document -> name and meaning of its gauge."""


class Exposition(Collector):
    """Metrics of an installation, in a registry of their own."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, documents: Documents, refused: Mapping[str, int]) -> None:
        self._documents = documents
        self._refused = refused
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[PrometheusMetric]:
        """Yield the metrics; one that is not known is left out, as zero would be a claim."""
        yield from self._page()
        known = self._documents.get("metrics")
        if known is None or known.failure is not None:
            return
        body = known.body
        for field, (name, meaning) in PLAIN.items():
            if body.get(field) is not None:
                yield GaugeMetricFamily(name, meaning, float(body[field]))
        yield from _labelled(body)

    def _page(self) -> Iterator[PrometheusMetric]:
        age = GaugeMetricFamily(
            "swing_page_document_age_seconds", "Seconds since a view's document was computed.", labels=["view"]
        )
        failed = GaugeMetricFamily("swing_page_view_failed", "1 where a view cannot be computed.", labels=["view"])
        for document in self._documents.all():
            age.add_metric([document.view], (self._documents.clock() - document.computed_at).total_seconds())
            failed.add_metric([document.view], float(document.failure is not None))
        yield age
        yield failed
        refused = CounterMetricFamily("swing_page_refused", "Requests that the page refused, by code.", labels=["code"])
        for code, count in sorted(self._refused.items()):
            refused.add_metric([code], count)
        yield refused


def _labelled(body: Mapping[str, Any]) -> Iterator[PrometheusMetric]:
    if "checks" in body:
        holds = GaugeMetricFamily("swing_check_ok", "1 where what must hold does.", labels=["code"])
        for code, is_ok in body["checks"].items():
            holds.add_metric([code], float(is_ok))
        yield holds
    if "drift" in body:
        drift = GaugeMetricFamily(
            "swing_position_drift_ratio", "Weight held minus target weight, a fraction of equity.", labels=["symbol"]
        )
        for symbol, difference in body["drift"].items():
            drift.add_metric([symbol], difference)
        yield drift
    if "orders" in body:
        orders = CounterMetricFamily("swing_orders", "Orders intended, by side.", labels=["side"])
        for side, count in body["orders"].items():
            orders.add_metric([side], count)
        yield orders
        yield CounterMetricFamily("swing_fills", "Executions, corrections counted once.", body["fills"])
        refusals = CounterMetricFamily("swing_refusals", "Refusals by code.", labels=["code"])
        for code, count in body["refusals"].items():
            refusals.add_metric([code], count)
        yield refusals
