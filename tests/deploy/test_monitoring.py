"""Rules and dashboard agree with /metrics: each name exists, each rule is tried, and no panel hides another.

`make lint` tries the rules themselves, with promtool.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from execution.installation import Installation
from execution.service import machine_clock
from operations.web.documents import Documents
from operations.web.exposition import FAMILIES, Exposition

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
DASHBOARD = ROOT / "deploy/grafana/dashboards/swing.json"
WIDTH = 24
"""Columns of a dashboard."""


class Part(BaseModel):
    """A part of a dashboard; a key that this project does not use is a typing error."""

    model_config = ConfigDict(extra="forbid")


class Place(Part):
    """Where a panel stands."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=WIDTH)
    h: int = Field(ge=1)

    def overlaps(self, other: Place) -> bool:
        """Return True if two panels share a cell."""
        beside = self.x + self.w <= other.x or other.x + other.w <= self.x
        above = self.y + self.h <= other.y or other.y + other.h <= self.y
        return not (beside or above)


class Source(Part):
    """Where a query is sent."""

    type: Literal["prometheus"]
    uid: str


class Query(Part):
    """One query of a panel."""

    ref: str = Field(alias="refId", pattern="^[A-Z]$")
    datasource: Source
    expr: str = Field(min_length=1)
    legend: str = Field(alias="legendFormat")
    instant: bool
    range: bool


class Panel(Part):
    """A panel, or the heading of a row."""

    id: int
    type: Literal["row", "stat", "timeseries", "bargauge"]
    title: str = Field(min_length=1)
    place: Place = Field(alias="gridPos")
    description: str = ""
    datasource: Source | None = None
    config: dict[Literal["defaults", "overrides"], Any] = Field(alias="fieldConfig", default_factory=dict)
    options: dict[str, Any] = {}
    targets: list[Query] = []
    collapsed: bool = False
    panels: list[Any] = Field(default=[], max_length=0)


class Dashboard(Part):
    """The dashboard."""

    uid: str
    title: str
    description: str
    tags: list[str]
    schema_version: int = Field(alias="schemaVersion")
    version: int
    editable: bool
    tooltip: int = Field(alias="graphTooltip")
    time: dict[Literal["from", "to"], str]
    refresh: str
    timezone: Literal["America/New_York"]
    templating: dict[Literal["list"], list[Any]]
    annotations: dict[Literal["list"], list[Any]]
    links: list[Any]
    panels: list[Panel]


@pytest.fixture(scope="module")
def dashboard() -> Dashboard:
    """The dashboard, as far as this project uses Grafana's model."""
    return Dashboard.model_validate_json(DASHBOARD.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    """Every rule of Prometheus."""
    text = (PROMETHEUS / "rules.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def _known(home: Path, rules: list[dict[str, Any]]) -> set[str]:
    """Return what can be asked for: samples of /metrics, and what the rules record."""
    page = {metric.name for metric in Exposition(Documents(Installation(home), {}, machine_clock), {}).collect()}
    ours = {f"{family.name}_total" if family.is_counter else family.name for family in FAMILIES}
    return page | ours | {rule["record"] for rule in rules if "record" in rule}


def _asked(expressions: Iterator[str]) -> set[str]:
    return {name for each in expressions for name in re.findall(r"\bswing[_:][a-z0-9_:]+", each)}


def test_every_name_that_is_asked_for_exists(tmp_path: Path, rules: list[dict[str, Any]], dashboard: Dashboard) -> None:
    """A metric that was renamed would leave an empty panel, or an alert that never comes."""
    known = _known(tmp_path, rules)
    assert _asked(rule["expr"] for rule in rules) <= known
    assert _asked(query.expr for panel in dashboard.panels for query in panel.targets) <= known


def test_labels_that_are_chosen_exist(rules: list[dict[str, Any]], dashboard: Dashboard) -> None:
    """A selector names labels of its metric alone."""
    labels = {family.name + ("_total" if family.is_counter else ""): set(family.labels) for family in FAMILIES}
    labels |= {"swing_page_document_age_seconds": {"view"}, "swing_page_view_failed": {"view"}}
    expressions = [rule["expr"] for rule in rules]
    expressions += [query.expr for panel in dashboard.panels for query in panel.targets]
    for expression in expressions:
        for name, chosen in re.findall(r"\b(swing_[a-z0-9_]+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*[!=]", chosen)) <= labels[name], expression


def test_every_metric_stands_in_the_documents() -> None:
    """docs/page.md lists what /metrics tells."""
    listed = set(re.findall(r"`(swing_[a-z_]+)", (ROOT / "docs/page.md").read_text(encoding="utf-8")))
    assert {family.name + ("_total" if family.is_counter else "") for family in FAMILIES} <= listed


def test_every_alert_says_what_to_do_and_is_tried(rules: list[dict[str, Any]]) -> None:
    """An alert has one of two severities, a summary and a remedy, and a test raises it."""
    files = PROMETHEUS.glob("*_test.yml")
    tests = [test for file in files for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    raised = {each["alertname"] for test in tests for each in test.get("alert_rule_test", []) if each.get("exp_alerts")}
    alerts = [rule for rule in rules if "alert" in rule]
    assert {rule["alert"] for rule in alerts} == raised
    for rule in alerts:
        assert rule["labels"]["severity"] in {"alarm", "warning"}
        assert rule["annotations"].keys() == {"summary", "remedy"}


def test_no_panel_hides_another(dashboard: Dashboard) -> None:
    """Panels stand within the dashboard's width, side by side."""
    assert all(panel.place.x + panel.place.w <= WIDTH for panel in dashboard.panels)
    assert not [
        (one.title, other.title) for one, other in combinations(dashboard.panels, 2) if one.place.overlaps(other.place)
    ]


def test_every_panel_says_what_it_shows(dashboard: Dashboard) -> None:
    """Each has a number and a title of its own; those that ask say what, and name each query once."""
    assert len({panel.id for panel in dashboard.panels}) == len(dashboard.panels)
    assert len({panel.title for panel in dashboard.panels}) == len(dashboard.panels)
    for panel in dashboard.panels:
        assert panel.type == "row" or (panel.description and panel.targets and panel.datasource), panel.title
        assert len({query.ref for query in panel.targets}) == len(panel.targets)


def test_datasource_is_the_one_that_is_provisioned(dashboard: Dashboard) -> None:
    """Grafana resolves a source by its uid."""
    text = (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["datasources"]
    asked = {query.datasource.uid for panel in dashboard.panels for query in panel.targets}
    assert asked == {source["uid"]}
    assert json.loads(DASHBOARD.read_text(encoding="utf-8"))["title"] == "Swing portfolio"
