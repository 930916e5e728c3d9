"""What dagster-dbt makes of the dbt project; importing it takes two seconds, so this is done where a file changed."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.asset_utils import build_dbt_specs, get_asset_check_key_for_test


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
EVERYTHING: Mapping[str, Any] = {
    "select": "fqn:*",
    "exclude": "",
    "selector": "",
    "io_manager_key": None,
    "project": None,
}
OF_DBT_CLI = {"dagster_dbt/manifest", "dagster_dbt/dagster_dbt_translator"}
"""Metadata that only who runs dbt through Dagster reads: objects, the whole manifest among them."""


def translated(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of each asset and of each asset check, and each test's key, in words of Dagster and JSON."""
    assets, checks = build_dbt_specs(translator=TRANSLATOR, manifest=manifest, **EVERYTHING)
    tests = [name for name, node in manifest["nodes"].items() if node["resource_type"] == "test"]
    keys = {name: get_asset_check_key_for_test(manifest, TRANSLATOR, name, None) for name in tests}
    return {
        "assets": [
            {
                "key": asset.key,
                "deps": [dependency.asset_key for dependency in asset.deps],
                "description": asset.description,
                "metadata": {name: value for name, value in asset.metadata.items() if name not in OF_DBT_CLI},
                "group_name": asset.group_name,
                "skippable": asset.skippable,
                "code_version": asset.code_version,
                "owners": list(asset.owners),
                "tags": dict(asset.tags),
            }
            for asset in assets
        ],
        "checks": [
            {
                "name": check.name,
                "asset": check.asset_key,
                "additional_deps": [dependency.asset_key for dependency in check.additional_deps],
                "description": check.description,
                "blocking": check.blocking,
                "metadata": dict(check.metadata),
            }
            for check in checks
        ],
        "keys": {name: key for name, key in keys.items() if key is not None},
    }
