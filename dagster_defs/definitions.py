"""Composition only: the assets, the jobs, and what they run on."""

from __future__ import annotations

import dagster as dg

from dagster_defs.assets.landing import bars_landing, portfolio_landing
from dagster_defs.assets.models import models_asset
from dagster_defs.assets.reports import backtest_report, walk_forward_report
from dagster_defs.resources import Progress, Warehouse, home, prepare_environment
from dagster_defs.schedules import daily_schedule

prepare_environment()

landing = dg.AssetSelection.assets(bars_landing, portfolio_landing)
portfolio = dg.AssetSelection.assets(portfolio_landing)
research = dg.AssetSelection.groups("research")
reports = dg.AssetSelection.assets(backtest_report, walk_forward_report)
models = dg.AssetSelection.groups("staging", "features", "signals", "targets", "backtest")

fetch_job = dg.define_asset_job("fetch", landing)
daily_job = dg.define_asset_job("daily", landing | models - reports)
backtest_job = dg.define_asset_job("backtest", portfolio | models)
walk_forward_job = dg.define_asset_job(
    "walk_forward", portfolio | (models | research) - dg.AssetSelection.assets(backtest_report)
)
everything_job = dg.define_asset_job("everything", landing | models | research)

defs = dg.Definitions(
    assets=[bars_landing, portfolio_landing, models_asset(), backtest_report, walk_forward_report],
    jobs=[fetch_job, daily_job, backtest_job, walk_forward_job, everything_job],
    schedules=[daily_schedule(daily_job)],
    resources={"warehouse": Warehouse(folder=str(home())), "progress": Progress()},
    executor=dg.in_process_executor,
)
