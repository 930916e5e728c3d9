"""Prometheus metrics, written from documents in memory at each scrape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client.core import Metric as PrometheusMetric

    from operations.web.documents import Documents


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """A metric: where its values stand in the document `metrics`, and what they mean.

    Attributes:
        field: Of the document: a number, or with labels a list of rows, the value last.
        name: Without the `_total` that a counter's samples end with.
    """

    field: str
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    is_counter: bool = False

    def of(self, value: Any) -> PrometheusMetric:  # noqa: ANN401 - as the document has it
        """Return the metric with its samples."""
        kind = CounterMetricFamily if self.is_counter else GaugeMetricFamily
        made: PrometheusMetric = kind(self.name, self.meaning, labels=self.labels)
        rows: Sequence[Sequence[Any]] = value if self.labels else [[value]]
        for *labels, number in rows:
            made.add_metric([str(label) for label in labels], float(number))  # type: ignore[attr-defined]
        return made


FAMILIES = (
    MetricFamily("equity", "swing_equity_usd", "Equity at the end of the last rebalance, USD."),
    MetricFamily("halted", "swing_halted", "1 while trading is halted."),
    MetricFamily("reduce_only", "swing_reduce_only", "1 while the rebalance only sells."),
    MetricFamily("symbols", "swing_symbols", "Symbols of the universe."),
    MetricFamily("fresh_symbols", "swing_symbols_fresh", "Symbols of the universe whose newest bar is fresh."),
    MetricFamily(
        "sessions_behind",
        "swing_bars_sessions_behind",
        "Sessions that the stalest bars are behind.",
    ),
    MetricFamily("landed_at", "swing_bars_landed_timestamp_seconds", "Time at which the newest bar was landed."),
    MetricFamily("rebalanced_at", "swing_last_rebalance_timestamp_seconds", "Time at which the last rebalance ended."),
    MetricFamily("rebalance_seconds", "swing_last_rebalance_duration_seconds", "Duration of the last rebalance."),
    MetricFamily(
        "decision_to_fill_seconds",
        "swing_last_decision_to_fill_seconds",
        "From the first decision to the last fill of the newest session with a fill.",
    ),
    MetricFamily(
        "next_deadline", "swing_next_deadline_timestamp_seconds", "Deadline of the next rebalance by schedule."
    ),
    MetricFamily("ledger_events", "swing_ledger_events", "Events in the ledger."),
    MetricFamily("alarms_waiting", "swing_alarms_unacknowledged", "Alarms that nobody has acknowledged."),
    MetricFamily("preflight_at", "swing_preflight_timestamp_seconds", "Time of the newest preflight."),
    MetricFamily("daemon_at", "swing_daemon_alive_timestamp_seconds", "Last sign of life of who runs the schedules."),
    MetricFamily("disk_free", "swing_disk_free_bytes", "Free space of the disk that holds the home."),
    MetricFamily("fills", "swing_fills", "Executions, corrections counted once.", is_counter=True),
    MetricFamily("orders", "swing_orders", "Orders intended, by side.", ("side",), is_counter=True),
    MetricFamily("refusals", "swing_refusals", "Refusals, by code.", ("code",), is_counter=True),
    MetricFamily("rebalances", "swing_rebalances", "Rebalances, by how they ended.", ("end",), is_counter=True),
    MetricFamily("notices", "swing_broker_notices", "Notices of the broker, by its code.", ("code",), is_counter=True),
    MetricFamily(
        "failures",
        "swing_failures",
        "Failed runs that were told, once a day each.",
        ("code",),
        is_counter=True,
    ),
    MetricFamily("runs", "swing_runs", "Runs on the warehouse, by outcome.", ("kind", "outcome"), is_counter=True),
    MetricFamily("alerts", "swing_alerts", "Alerts raised.", ("kind", "severity"), is_counter=True),
    MetricFamily(
        "deliveries", "swing_alert_deliveries", "Attempts to deliver an alert.", ("channel", "outcome"), is_counter=True
    ),
    MetricFamily("checks", "swing_check_ok", "1 where what must hold does.", ("code",)),
    MetricFamily(
        "preflight", "swing_preflight_level", "Newest preflight: 0 holds, 1 is a warning, 2 fails.", ("code",)
    ),
    MetricFamily(
        "drift", "swing_position_drift_ratio", "Weight held minus target weight, a fraction of equity.", ("symbol",)
    ),
)
"""Every metric of an installation; the page's own are two more."""


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
        for family in FAMILIES:
            value = known.body.get(family.field)
            if value is not None:
                yield family.of(value)

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
