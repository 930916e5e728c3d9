"""Composition only: the assets, the jobs, and what they run on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from dagster_defs.assets.landing import bars_landing, portfolio_landing
from dagster_defs.assets.ledger import ledger_landing
from dagster_defs.assets.models import models_asset
from dagster_defs.assets.permutation import permutation_figures, permutations
from dagster_defs.assets.rebalance import rebalance, reconciliation
from dagster_defs.assets.reports import backtest_report, walk_forward_report
from dagster_defs.assets.tear_sheet import tear_sheet
from dagster_defs.environment import prepare_environment
from dagster_defs.instance import PERMUTES, WRITER, end_dead_runs
from dagster_defs.maintenance import maintain, maintenance_weekly
from dagster_defs.preflights import preflight, preflight_schedule
from dagster_defs.resources import warehouse
from dagster_defs.schedules import (
    RebalancePlan,
    daily_schedule,
    rebalance_schedule,
    reconcile_schedule,
    schedule_settings,
)
from dagster_defs.statements import statement, statement_schedule
from dagster_defs.watch import watch_sensor
from execution.service import look_obstacle, obstacle
from warehouse.sources.base import silent

here = prepare_environment()

landing = dg.AssetSelection.assets(bars_landing, portfolio_landing)
portfolio = dg.AssetSelection.assets(portfolio_landing)
research = dg.AssetSelection.groups("research")
reports = dg.AssetSelection.assets(backtest_report, walk_forward_report)
# The account beside the backtest is made with the backtest, which no trade waits for.
ledger = (dg.AssetSelection.assets(ledger_landing).downstream() - dg.AssetSelection.assets("tracking_daily")) | (
    dg.AssetSelection.assets("backtest_trades")
)
decision = dg.AssetSelection.groups("reconciliation", "staging", "quality", "features", "signals", "targets")
models = decision | dg.AssetSelection.groups("backtest")

fetch_job = dg.define_asset_job(
    "fetch", landing, tags=WRITER, description="Import price bars and the configuration; build nothing."
)
daily_job = dg.define_asset_job(
    "daily",
    landing | ledger | models - reports,
    tags=WRITER,
    description="Import price bars, then build everything up to tonight's target weights and the backtest's figures.",
)
backtest_job = dg.define_asset_job(
    "backtest", portfolio | models, tags=WRITER, description="Build the models up to the backtest, and its pictures."
)
walk_forward_job = dg.define_asset_job(
    "walk_forward",
    portfolio | (models | research) - dg.AssetSelection.assets(backtest_report),
    tags=WRITER,
    description="Build every model, and report what the choice of parameters earned out of sample.",
)
everything_job = dg.define_asset_job(
    "everything",
    landing | ledger | models | research,
    tags=WRITER,
    description="Import price bars, build every model, write both reports.",
)
# Only what a decision needs: every second before the close counts.
trade_job = dg.define_asset_job(
    "trade",
    landing | decision | dg.AssetSelection.assets(rebalance) | ledger,
    tags=WRITER | {"dagster/priority": "10", "dagster/max_runtime": "1800"},
    description="Import price bars, build the target weights, and rebalance the account by them.",
)
ledger_job = dg.define_asset_job(
    "ledger", ledger, tags=WRITER, description="Show in the warehouse what the ledger holds: decisions, orders, fills."
)
permutation_job = dg.define_asset_job(
    "permutation",
    dg.AssetSelection.assets(permutations),
    tags=PERMUTES,
    description="Compute one batch of permuted worlds; batches may run side by side.",
)
report_job = dg.define_asset_job(
    "report", dg.AssetSelection.assets(tear_sheet), description="Write the tear sheet from what is built."
)
reconcile_job = dg.define_asset_job(
    "reconcile",
    dg.AssetSelection.assets(reconciliation) | ledger,
    tags=WRITER,
    description="Look at the account again after the close: late fills, open orders, positions.",
)
settings = schedule_settings(here)
plan = RebalancePlan(
    minutes_before_close=settings.minutes_before_close,
    source=settings.source_of_today,
    clean=partial(end_dead_runs, here),
    obstacle=partial(obstacle, here),
    clock=lambda: datetime.now(UTC),
)

defs = dg.Definitions(
    assets=[
        bars_landing,
        portfolio_landing,
        ledger_landing,
        models_asset(here),
        rebalance,
        reconciliation,
        backtest_report,
        walk_forward_report,
        permutations,
        permutation_figures,
        tear_sheet,
    ],
    jobs=[
        fetch_job,
        daily_job,
        backtest_job,
        walk_forward_job,
        everything_job,
        trade_job,
        reconcile_job,
        ledger_job,
        permutation_job,
        report_job,
        maintain,
        preflight,
        statement,
    ],
    schedules=[
        daily_schedule(daily_job, settings.source, partial(end_dead_runs, here)),
        rebalance_schedule(trade_job, plan),
        maintenance_weekly,
        preflight_schedule(plan.clock),
        statement_schedule(here, plan.clock),
        reconcile_schedule(reconcile_job, replace(plan, obstacle=partial(look_obstacle, here))),
    ],
    sensors=[watch_sensor(here, plan.clock)],
    resources={"installation": here, "warehouse": warehouse, "progress": silent},
    executor=dg.in_process_executor,
)
