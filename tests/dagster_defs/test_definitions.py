"""What Dagster is told: a change of an asset, a job or a schedule must be made here too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from dagster_defs import schedule_states

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

# Dagster 1.13 calls what pydantic 2 and sqlglot deprecate.

ROOT = Path(__file__).parents[2]

PORTFOLIO = {
    "landing/settings",
    "landing/source_ranks",
    "landing/strategies",
    "landing/symbol_changes",
    "landing/universe",
}
LANDING = PORTFOLIO | {"landing/bar_versions", "landing/corporate_actions", "record/quarantined_bars"}
MARTS = {
    "account_daily",
    "account_trades",
    "alerts",
    "cash_movements",
    "decisions",
    "fills",
    "orders",
    "positions",
    "preflight_checks",
    "shortfall_daily",
    "slippage",
    "statement_exceptions",
    "statements",
    "trades",
}
LEDGER = MARTS | {"landing/ledger_events", "backtest_trades"}
GROUPS = {
    "landing": LANDING | {"landing/ledger_events"},
    "reconciliation": {
        "bar_segments",
        "renaming_seams",
        "source_agreements",
        "source_bars",
        "source_comparisons",
        "source_differences",
        "source_series",
    },
    "staging": {
        "bars",
        "corporate_actions",
        "price_actions",
        "restated_splits",
        "sessions",
        "stg_bars",
        "strategies",
        "traded_closes",
    },
    "quality": {
        "bar_findings",
        "bar_measures",
        "bar_verdicts",
        "bar_years",
        "gates",
        "live_holds",
        "missed_dividends",
        "moves_apart",
        "verdict_history",
    },
    "features": {"emas", "features", "panel"},
    "signals": {
        "candidate_matrices",
        "candidates",
        "correlations",
        "rankings",
        "return_windows",
        "selections",
        "trend_scores",
        "walk_depths",
        "walks",
    },
    "targets": {
        "allocations",
        "carried_allocations",
        "explanations",
        "held_allocations",
        "holdings",
        "inverse_volatility_weights",
        "live_targets",
        "strategy_allocations",
        "target_weights",
    },
    "backtest": {
        "backtest_daily",
        "backtest_metrics",
        "backtest_report",
        "backtest_returns",
        "backtest_trades",
        "tracking_daily",
    },
    "research": {
        "train_blocks",
        "walk_forward_daily",
        "walk_forward_folds",
        "walk_forward_metrics",
        "walk_forward_objectives",
        "walk_forward_report",
        "walk_forward_windows",
    },
    "permutation": {"landing/permutations", "permutation_report"},
    "report": {"tear_sheet"},
    "execution": MARTS | {"rebalance", "reconciliation"},
}
# Asked for by themselves: one trades, the others take their time.
APART = {"rebalance", "reconciliation"} | GROUPS["permutation"] | GROUPS["report"]
ALL = set[str]().union(*GROUPS.values()) - APART
JOBS = {
    "fetch": LANDING,
    "daily": ALL - GROUPS["research"] - {"backtest_report"},
    "backtest": ALL - GROUPS["research"] - (LANDING - PORTFOLIO) - LEDGER | {"backtest_trades"},
    "walk_forward": ALL - {"backtest_report"} - (LANDING - PORTFOLIO) - LEDGER | {"backtest_trades"},
    "everything": ALL,
    "permutation": {"landing/permutations"},
    "report": {"tear_sheet"},
    "trade": LANDING.union(
        *(GROUPS[name] for name in ("reconciliation", "staging", "quality", "features", "signals", "targets"))
    )
    | {"rebalance"}
    | LEDGER,
    "reconcile": {"reconciliation"} | LEDGER,
    "ledger": LEDGER,
}
SCHEDULES = {
    "statement_each_morning": ("statement", ["30 8,9 * * 1-6"], "America/New_York"),
    "daily_after_close": ("daily", "30 18 * * 1-5", "America/New_York"),
    "reconcile_after_close": ("reconcile", ["5-9 13 * * 1-5", "5-9 16 * * 1-5"], "America/New_York"),
    "rebalance_before_close": ("trade", ["55-58 12 * * 1-5", "55-58 15 * * 1-5"], "America/New_York"),
    "maintenance_weekly": ("maintain", "0 10 * * 6", "America/New_York"),
    "preflight_before_close": (
        "preflight",
        ["0 20 * * 0-4", "0 10,13 * * 1-5", "30 12,15 * * 1-5"],
        "America/New_York",
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in for a user's $SWING_HOME, and put the environment back in the end."""
    folder = tmp_path_factory.mktemp("definitions")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SWING_DAGSTER", "DAGSTER_HOME", "DO_NOT_TRACK"):
            patch.setenv(name, "")
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "")
        patch.setenv("SWING_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def definitions(home: Path) -> dg.Definitions:
    """The definitions that every process of the project loads."""
    assert home.is_dir()
    from dagster_defs.definitions import defs  # noqa: PLC0415 - reads the environment

    return defs


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> AssetGraph:
    """The assets that a run can make, with their lineage."""
    return definitions.resolve_asset_graph()


def test_assets_and_their_groups(graph: AssetGraph) -> None:
    """Exactly these assets exist, each in the group of its folder and with a description."""
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    found = {
        group: {node.key.to_user_string() for node in nodes if node.group_name == group}
        for group in {node.group_name for node in nodes}
    }
    assert found == GROUPS
    assert [node.key.to_user_string() for node in nodes if not node.description] == []


@pytest.mark.parametrize("name", JOBS)
def test_jobs_make_these_assets(definitions: dg.Definitions, name: str) -> None:
    """A job makes exactly the assets listed for it."""
    layer = definitions.resolve_job_def(name).asset_layer
    assert {key.to_user_string() for key in layer.selected_asset_keys} == JOBS[name]


def test_there_is_no_other_job(definitions: dg.Definitions) -> None:
    """Exactly these jobs exist, beside maintenance, preflight, statement and Dagster's own for hand-picked assets."""
    names = {job.name for job in definitions.resolve_all_job_defs()}
    assert names - {"__ASSET_JOB", "maintain", "preflight", "statement"} == JOBS.keys()


def test_schedules(definitions: dg.Definitions) -> None:
    """Exactly these schedules exist, each on the exchange's clock."""
    repository = definitions.get_repository_def()
    found = {
        each.name: (each.job_name, each.cron_schedule, each.execution_timezone) for each in repository.schedule_defs
    }
    assert found == SCHEDULES
    assert set(schedule_states.SCHEDULES) == SCHEDULES.keys()
    assert [sensor.name for sensor in repository.sensor_defs] == ["watch"]


def test_whatever_is_launched_says_what_it_does(definitions: dg.Definitions) -> None:
    """Every job, schedule and field of configuration has a description."""
    repository = definitions.get_repository_def()
    told = {job.name: job.description for job in definitions.resolve_all_job_defs() if job.name != "__ASSET_JOB"}
    told |= {schedule.name: schedule.description for schedule in repository.schedule_defs}
    assert [name for name, description in told.items() if not description] == []
    from dagster_defs.assets import landing, permutation, rebalance, reports  # noqa: PLC0415 - as above
    from dagster_defs.maintenance import Maintenance  # noqa: PLC0415 - as above

    forms = (landing.Fetch, permutation.Permutations, rebalance.Rebalance, reports.Reports, Maintenance)
    fields = {f"{form.__name__}.{name}": field for form in forms for name, field in form.model_fields.items()}
    assert [name for name, field in fields.items() if not field.description] == []


def test_every_data_test_is_an_asset_check(graph: AssetGraph) -> None:
    """No dbt data test hides from the UI, and no check lacks its test."""
    from dagster_defs.assets.specifications import manifest_file  # noqa: PLC0415 - as above
    from dagster_defs.definitions import here  # noqa: PLC0415 - as above

    manifest = json.loads(manifest_file(here).read_text(encoding="utf-8"))
    tests = [node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests
    assert sorted(tests) == sorted(key.name for key in graph.asset_check_keys)


def test_pictures_depend_on_what_is_landed(graph: AssetGraph) -> None:
    """The lineage runs from the landed bars to the pictures without a gap."""
    report = next(iter(k for k in graph.materializable_asset_keys if k.path == ["backtest_report"]))
    ancestors = {key.to_user_string() for key in graph.get_ancestor_asset_keys(report)}
    assert ancestors >= {"landing/bar_versions", "landing/strategies", "bars", "target_weights"}


@pytest.mark.usefixtures("definitions")
def test_a_circle_of_errors_is_told_once() -> None:
    """An unexpected failure whose causes run in a circle still ends, with a message."""
    from dagster_defs import jobs  # noqa: PLC0415 - as above

    wrapper, cause = RuntimeError("a step failed"), KeyError("nowhere")
    wrapper.__cause__, cause.__context__ = cause, wrapper
    assert "a step failed" in str(jobs._cause(wrapper))


def test_dagster_reports_nothing_to_its_makers() -> None:
    """Telemetry is off."""
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    assert settings["telemetry"] == settings["nux"] == {"enabled": False}


def test_jobs_that_write_the_lake_queue_one_behind_the_other(definitions: dg.Definitions) -> None:
    """A rebalance goes first, and a batch of permutations stands in nobody's way."""
    from dagster_defs.instance import PERMUTES, WRITER  # noqa: PLC0415 - as above

    limits = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))["concurrency"]["runs"]
    assert limits["tag_concurrency_limits"] == [{"key": key, "limit": 1} for key in (*WRITER, *PERMUTES)]
    assert limits["max_concurrent_runs"] > len(limits["tag_concurrency_limits"])
    tags = {name: definitions.resolve_job_def(name).tags for name in JOBS}
    assert {name for name, found in tags.items() if found.items() >= WRITER.items()} == JOBS.keys() - {
        "permutation",
        "report",
    }
    assert max(tags, key=lambda name: int(tags[name].get("dagster/priority", 0))) == "trade"
