"""The models' assets and checks, kept in the home while no file of the dbt project changes; loads none of dbt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_defs.instance import setup_lock
from warehouse.files import write_atomically
from warehouse.transformation.project import fingerprint
from warehouse.transformation.runner import Transformation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from execution.installation import Installation

FILE_NAME = "assets.json"


@dataclass(frozen=True, slots=True)
class Specifications:
    """What Dagster knows of the dbt project.

    Attributes:
        assets: One a model.
        checks: One a data-quality gate and asset.
        keys: A gate's asset check, by the gate's unique id.
    """

    assets: Sequence[dg.AssetSpec]
    checks: Sequence[dg.AssetCheckSpec]
    keys: Mapping[str, dg.AssetCheckKey]


def specifications(installation: Installation) -> Specifications:
    """Return what dagster-dbt made of the project last, made again if a file of it has changed since."""
    file, state = installation.lake.home / "dbt" / FILE_NAME, _state()
    if (kept := _kept(file, state)) is not None:
        return kept
    from dagster_defs.assets.translation import translated  # noqa: PLC0415 - it imports dbt

    manifest = json.loads(manifest_file(installation).read_text(encoding="utf-8"))
    content = dg.serialize_value({"state": state, **translated(manifest)})
    write_atomically(file, content)
    return _read(dg.deserialize_value(content, dict))


def manifest_file(installation: Installation) -> Path:
    """Dbt's manifest of this project; parsed first if the home's is of another state of it."""
    transformation = Transformation(installation.lake)
    with setup_lock(installation):
        if not transformation.is_parsed:
            from warehouse.transformation import compiler  # noqa: PLC0415 - it imports dbt

            compiler.parse(installation.lake)
    return transformation.manifest_file


def _state() -> str:
    """Name what the specifications are made from: the project, and who translates it."""
    translator = Path(__file__).with_name("translation.py").stat()
    versions = [version(name) for name in ("dagster", "dagster-dbt")]
    return " ".join([fingerprint(), f"{translator.st_size} {translator.st_mtime_ns}", *versions])


def _kept(file: Path, state: str) -> Specifications | None:
    """Read what was made of this state of the project; None if there is no such thing."""
    try:
        content = dg.deserialize_value(file.read_text(encoding="utf-8"), dict)
        return _read(content) if content["state"] == state else None
    except (OSError, ValueError, LookupError, TypeError, dg.DagsterError):
        return None


def _read(content: Mapping[str, Any]) -> Specifications:
    return Specifications(
        [dg.AssetSpec(**asset) for asset in content["assets"]],
        [dg.AssetCheckSpec(**check) for check in content["checks"]],
        content["keys"],
    )
