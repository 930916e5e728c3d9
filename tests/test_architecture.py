"""The rules that keep the house in order, read from the source without running any of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import house_rules as rules
import pytest

if TYPE_CHECKING:
    from house_rules import Rule

ROOT = Path(__file__).parent.parent
TREE = rules.read(ROOT)
LONGEST_MODULE = 350
MODELS = ROOT / "dbt_project" / "models"
MACROS = ROOT / "dbt_project" / "macros"
MODULES = sorted(path for folder in (*rules.PACKAGES, "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))

NOT_YET: dict[Rule, tuple[str, ...]] = {
    rules.docstrings_say_the_thing: ("dagster_defs/",),
}
"""Beginnings of the faults that stood when their rule was written. A line goes with its last fault; none is added."""

PLANTED = [
    (rules.packages_import_one_way, "warehouse/lake.py", "import execution.models"),
    (rules.packages_import_one_way, "warehouse/runs.py", "from research.statistics import metrics"),
    (rules.packages_import_one_way, "research/readers.py", "from execution.models import Order"),
    (rules.packages_import_one_way, "execution/service.py", "from research import readers"),
    (rules.packages_import_one_way, "execution/models.py", "import dagster_defs.environment"),
    (rules.packages_import_one_way, "operations/alerts.py", "from dagster_defs import jobs"),
    (rules.packages_import_one_way, "execution/models.py", "from operations.alerts import send"),
    (rules.rooms_import_what_they_may, "warehouse/calendar/sessions.py", "from warehouse.lake import Lake"),
    (rules.rooms_import_what_they_may, "warehouse/sources/base.py", "import warehouse.landing"),
    (rules.rooms_import_what_they_may, "warehouse/settings/layers.py", "from warehouse import readers"),
    (rules.rooms_import_what_they_may, "research/statistics/metrics.py", "from research.readers import backtest"),
    (rules.rooms_import_what_they_may, "research/report/facts/luck.py", "import research.report.page.elements"),
    (rules.rooms_import_what_they_may, "research/report/pictures/canvas.py", "from warehouse.lake import Lake"),
    (rules.rooms_import_what_they_may, "execution/planning/plan.py", "from execution.brokers.base import Broker"),
    (rules.rooms_import_what_they_may, "execution/planning/plan.py", "from execution.ledger import ledger"),
    (rules.rooms_import_what_they_may, "execution/planning/plan.py", "from warehouse.lake import Lake"),
    (rules.rooms_import_what_they_may, "execution/ledger/state.py", "from execution.orders import dispatch"),
    (rules.rooms_import_what_they_may, "execution/ledger/state.py", "from execution.brokers import retrying"),
    (rules.rooms_import_what_they_may, "execution/brokers/base.py", "import execution.ledger.ledger"),
    (rules.rooms_import_what_they_may, "execution/simulator/book.py", "from execution.orders import dispatch"),
    (rules.a_broker_stays_behind_its_seam, "execution/orders/cancel.py", "from execution.brokers import tws"),
    (rules.a_broker_stays_behind_its_seam, "execution/planning/plan.py", "import execution.brokers.tws.codes"),
    (rules.a_broker_stays_behind_its_seam, "execution/brokers/base.py", "from execution.brokers.tws import codes"),
    (rules.a_broker_stays_behind_its_seam, "dagster_defs/cli/trade.py", "import execution.brokers.tws.broker"),
    (rules.libraries_stay_in_their_room, "execution/brokers/tws/broker.py", "import ib_insync"),
    (rules.libraries_stay_in_their_room, "execution/service.py", "library = importlib.import_module('ib_async')"),
    (rules.libraries_stay_in_their_room, "dagster_defs/cli/report.py", "from matplotlib.figure import Figure"),
    (rules.libraries_stay_in_their_room, "research/report/page/elements.py", "import matplotlib as mpl"),
    (rules.libraries_stay_in_their_room, "execution/service.py", "from dagster import asset"),
    (rules.libraries_stay_in_their_room, "execution/controls.py", "import sqlalchemy as sa"),
    (rules.libraries_stay_in_their_room, "operations/backup.py", "from fastapi import FastAPI"),
    (rules.libraries_stay_in_their_room, "operations/web/application.py", "import uvicorn"),
    (rules.libraries_stay_in_their_room, "operations/web/control.py", "import pyotp"),
    (rules.planning_is_pure, "execution/planning/plan.py", "import duckdb"),
    (rules.planning_is_pure, "execution/planning/plan.py", "import time"),
    (rules.planning_is_pure, "execution/models.py", "from warehouse.lake import Lake"),
    (rules.planning_is_pure, "execution/refusals.py", "import execution.ledger.database"),
    (rules.planning_is_pure, "execution/planning/costs.py", "at = datetime.now(UTC)"),
    (rules.planning_is_pure, "execution/planning/costs.py", "day = date.today()"),
    (rules.the_product_does_not_need_its_tests, "warehouse/lake.py", "from tests.support import lakes"),
    (rules.the_product_does_not_need_its_tests, "warehouse/lake.py", "import lakes"),
    (rules.imports_are_absolute, "warehouse/lake.py", "from .errors import LakeError"),
    (rules.one_module_reads_the_environment, "execution/service.py", "home = os.environ['SWING_HOME']"),
    (rules.one_module_reads_the_environment, "execution/service.py", "from os import getenv"),
    (rules.only_the_lake_attaches, "warehouse/readers.py", "statement = 'ATTACH lake'"),
    (rules.a_class_has_a_name_of_its_own, "operations/lake.py", "class Lake: pass"),
    (rules.docstrings_say_the_thing, "operations/lake.py", '"""What watches."""'),
    (rules.docstrings_say_the_thing, "operations/lake.py", 'def old(): "Whether it is old."'),
]
"""For each rule, modules that break it: the rule, the module's path, its source."""


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _jinja(sql: str) -> str:
    """Return what dbt evaluates: its expressions and statements, without comments."""
    without_comments = re.sub(r"\{#.*?#\}", "", sql, flags=re.DOTALL)
    return "\n".join(re.findall(r"\{[{%].*?[%}]\}", without_comments, re.DOTALL))


def _statements(sql: str) -> str:
    """Return the SQL without the comments of either language."""
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", sql, flags=re.DOTALL)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_in_order(rule: Rule) -> None:
    """No module breaks the rule, apart from the faults that are known."""
    assert sorted(fault for fault in rule(TREE) if not fault.startswith(NOT_YET.get(rule, ()))) == []


@pytest.mark.parametrize("rule", NOT_YET, ids=lambda rule: rule.__name__)
def test_a_known_fault_is_still_there(rule: Rule) -> None:
    """A fault that is mended leaves the list of known ones."""
    faults = rule(TREE)
    assert [known for known in NOT_YET[rule] if not any(fault.startswith(known) for fault in faults)] == []


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_a_planted_fault_is_found(rule: Rule, path: str, source: str) -> None:
    """The rule finds a fault that was not there before the module broke it."""
    assert rule(TREE | {path: ast.parse(source)}) - rule(TREE)


def test_every_rule_was_seen_to_fail() -> None:
    """Each rule has a planted fault."""
    assert {rule for rule, _, _ in PLANTED} == set(rules.RULES)


def test_sql_does_not_attach() -> None:
    """No model, macro or test of the dbt project attaches: one module knows the catalog."""
    assert [
        _named(path)
        for path in (ROOT / "dbt_project").rglob("*.sql")
        if "target" not in path.parts
        and re.search(r"\battach\b", _statements(path.read_text(encoding="utf-8")), re.IGNORECASE)
    ] == []


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_a_module_is_short_and_says_its_purpose(path: Path) -> None:
    """A module has at most 350 lines, and its first line is a docstring."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert text.startswith('"""')
    assert ast.get_docstring(ast.parse(text))


def test_the_strategy_is_sql_alone() -> None:
    """There is no Python model."""
    assert not list(MODELS.rglob("*.py"))


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=_named)
def test_a_model_is_plain_sql(path: Path) -> None:
    """A model neither recurses nor queries the lake while dbt compiles it."""
    sql = path.read_text(encoding="utf-8")
    assert not re.search(r"\brecursive\b", _statements(sql), re.IGNORECASE)
    assert not re.search(r"\b(run_query|statement|execute|load_result|graph)\b", _jinja(sql))


@pytest.mark.parametrize("path", sorted(MACROS.rglob("*.sql")), ids=_named)
def test_a_macro_says_what_it_is_for(path: Path) -> None:
    """A macro stands right below the comment that explains it, and refers to no model."""
    sql = path.read_text(encoding="utf-8")
    macros = re.findall(r"(.*)\n\{%-? *(?:macro|test) (\w+)", sql)
    assert [name for line_above, name in macros if not line_above.endswith("#}")] == []
    assert sql.startswith("{#")
    assert not re.search(r"\b(ref|source)\(", _jinja(sql))
