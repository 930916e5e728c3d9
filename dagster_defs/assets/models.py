"""The dbt models as assets, and their tests as asset checks."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import dagster as dg
import duckdb

from dagster_defs.assets.previews import rows_of
from dagster_defs.assets.specifications import specifications
from dagster_defs.published_ledger import MARTS
from dagster_defs.resources import Warehouse
from execution.installation import Installation
from warehouse.lake import relations
from warehouse.sources.base import Progress
from warehouse.transformation.runner import FAILED, FailedBuildError, NodeResult, NodeStatus

Event = dg.MaterializeResult[Any] | dg.AssetCheckResult


def models_asset(installation: Installation) -> dg.AssetsDefinition:
    """Every model as one step that any selection of them can run."""
    known = specifications(installation)

    @dg.multi_asset(
        name="models",
        specs=known.assets,
        check_specs=known.checks,
        can_subset=True,
        allow_arbitrary_check_specs=True,  # landed tables are judged, and are nobody's assets here
    )
    def models(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], progress: dg.ResourceParam[Progress]
    ) -> Iterator[Event]:
        names = _with_marts(_names(known.assets, context.selected_asset_keys), warehouse.connection)
        try:
            built = warehouse.transformation.build(warehouse.connection, names, progress)
        except FailedBuildError as failure:
            yield from _check_results(known.keys, failure.built.results, context.selected_asset_check_keys)
            raise
        if built.deepened:
            context.log.info("%s sessions needed a deeper walk; the models were built again.", built.deepened)
        yield from _materializations(built.results, context.selected_asset_keys, warehouse.connection)
        yield from _check_results(known.keys, built.results, context.selected_asset_check_keys)

    return models


def _names(assets: Sequence[dg.AssetSpec], keys: AbstractSet[dg.AssetKey]) -> list[str]:
    """The selected models' names; empty when that is all of them."""
    chosen = [asset.key.path[-1] for asset in assets if asset.key in keys]
    return [] if len(chosen) == len(assets) else chosen


def _with_marts(names: list[str], connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Add the ledger's marts that were never made, so that whoever asks for one finds it, if only empty."""
    return [*names, *sorted(MARTS - relations(connection))] if "backtest_trades" in names else names


def _materializations(
    results: Sequence[NodeResult],
    wanted: AbstractSet[dg.AssetKey],
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[Event]:
    for result in results:
        if result.node.is_model and dg.AssetKey(result.node.name) in wanted:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(result.node.name),
                metadata={"seconds": round(result.seconds, 3), **rows_of(connection, result.node.name)},
            )


def _check_results(
    keys: Mapping[str, dg.AssetCheckKey],
    results: Sequence[NodeResult],
    wanted: AbstractSet[dg.AssetCheckKey],
) -> Iterator[Event]:
    for result in results:
        if result.node.is_model:
            continue
        key = keys.get(result.node.unique_id)
        if key is None or key not in wanted:
            continue
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=result.status is NodeStatus.PASS,
            severity=dg.AssetCheckSeverity.ERROR if result.status in FAILED else dg.AssetCheckSeverity.WARN,
            metadata={"failing_rows": result.failures, "message": result.message},
        )
