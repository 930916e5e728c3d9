"""The dbt models as assets, and their tests as asset checks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dagster_defs.assets.previews import rows_of
from dagster_defs.instance import setup_lock
from dagster_defs.resources import Warehouse
from execution.installation import Installation
from warehouse.sources.base import Progress
from warehouse.transformation.runner import FAILED, FailedBuildError, NodeResult, NodeStatus, Transformation

Event = dg.MaterializeResult[Any] | dg.AssetCheckResult


class Translator(DagsterDbtTranslator):
    """A model's asset is called what its relation is called; its group is its folder."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The relation's name; sources keep their schema before it."""
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey(dbt_resource_props["alias"])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder of the model."""
        folders = dbt_resource_props["fqn"][1:-1]
        return folders[0] if folders else None


TRANSLATOR = Translator(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))


def manifest_file(installation: Installation) -> Path:
    """Dbt's manifest of this project; parsed first if the home's is of another state of it."""
    transformation = Transformation(installation.lake)
    with setup_lock(installation):
        if not transformation.is_parsed:
            from warehouse.transformation import compiler  # noqa: PLC0415 - it imports dbt

            compiler.parse(installation.lake)
    return transformation.manifest_file


def models_asset(installation: Installation) -> dg.AssetsDefinition:
    """Every model as one step that any selection of them can run."""
    manifest = json.loads(manifest_file(installation).read_text(encoding="utf-8"))

    @dbt_assets(manifest=manifest, name="models", dagster_dbt_translator=TRANSLATOR)
    def models(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], progress: dg.ResourceParam[Progress]
    ) -> Iterator[Event]:
        names = _names(manifest, context.selected_asset_keys)
        try:
            built = warehouse.transformation.build(warehouse.connection, names, progress)
        except FailedBuildError as failure:
            yield from _check_results(manifest, failure.built.results, context.selected_asset_check_keys)
            raise
        if built.deepened:
            context.log.info("%s sessions needed a deeper walk; the models were built again.", built.deepened)
        yield from _materializations(built.results, warehouse.connection)
        yield from _check_results(manifest, built.results, context.selected_asset_check_keys)

    return models


def _names(manifest: Mapping[str, Any], keys: set[dg.AssetKey] | frozenset[dg.AssetKey]) -> list[str]:
    """The selected models' names; empty when that is all of them."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    chosen = [node["name"] for node in models if TRANSLATOR.get_asset_key(node) in keys]
    return [] if len(chosen) == len(models) else chosen


def _materializations(results: Sequence[NodeResult], connection: duckdb.DuckDBPyConnection) -> Iterator[Event]:
    for result in results:
        if result.node.is_model:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(result.node.name),
                metadata={"seconds": round(result.seconds, 3), **rows_of(connection, result.node.name)},
            )


def _check_results(
    manifest: Mapping[str, Any],
    results: Sequence[NodeResult],
    wanted: set[dg.AssetCheckKey] | frozenset[dg.AssetCheckKey],
) -> Iterator[Event]:
    for result in results:
        if result.node.is_model:
            continue
        key = get_asset_check_key_for_test(manifest, TRANSLATOR, result.node.unique_id, None)
        if key is None or key not in wanted:
            continue
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=result.status is NodeStatus.PASS,
            severity=dg.AssetCheckSeverity.ERROR if result.status in FAILED else dg.AssetCheckSeverity.WARN,
            metadata={"failing_rows": result.failures, "message": result.message},
        )
