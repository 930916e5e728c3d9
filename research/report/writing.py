"""Writes the tear sheet: the page, the pictures and the numbers behind it, each file whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from research.report.facts.gathering import STEPS, gather
from research.report.facts.record import as_record
from research.report.facts.series import Missing
from research.report.page.rendering import pictures, render, sections
from research.report.page.summary import statements
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from pathlib import Path

    from research.report.facts.gathering import Facts
    from warehouse.lake import Lake
    from warehouse.sources.base import Progress

PAGE, NUMBERS = "report.html", "report.json"


@dataclass(frozen=True, slots=True)
class TearSheet:
    """What was written.

    Attributes:
        metrics: The headline figures, fractions: name -> value, None where not defined.
        pictures: Name -> PNG file.
        files: Every file, the page first.
        summary: The four statements as text.
    """

    page: Path
    metrics: dict[str, float | None]
    pictures: dict[str, Path]
    files: list[Path]
    summary: str


def write_tear_sheet(lake: Lake, folder: Path, progress: Progress) -> TearSheet:
    """Write report.html, report.json and the pictures to `folder`.

    Args:
        lake: What is reported on, read at one snapshot; nothing is written to it.
        folder: Made if it is not there.
        progress: Told (done, total, label).

    Raises:
        LakeError: The backtest or the walk-forward was never built, or the history is too short for one.
    """
    facts, curves = gather(lake, progress)
    progress(STEPS - 1, STEPS, "drawing")
    shown = sections(facts, curves)
    said = statements(facts)
    record = {"summary": [each.text for each in said]} | as_record(facts)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {picture.name: (folder / f"report_{picture.name}.png", picture.png()) for picture in pictures(shown)}
    contents: dict[Path, bytes] = {
        folder / PAGE: render(facts, shown).encode(),
        folder / NUMBERS: f"{json.dumps(record, indent=1, ensure_ascii=False)}\n".encode(),
        **dict(drawn.values()),
    }
    for path, content in contents.items():
        _write(path, content)
    progress(STEPS, STEPS, "done")
    return TearSheet(
        page=folder / PAGE,
        metrics=_headlines(facts),
        pictures={name: path for name, (path, _) in drawn.items()},
        files=list(contents),
        summary="\n".join(each.text for each in said),
    )


def _headlines(facts: Facts) -> dict[str, Any]:
    live, honest = facts.whole[0], facts.common[0]
    return {
        f"{kind}_{metric}": None if isinstance(measured, Missing) else measured.metrics[metric].estimate
        for kind, measured in (("live", live), ("walk_forward", honest))
        for metric in (Metric.SHARPE, Metric.CAGR, Metric.MAX_DRAWDOWN)
    }


def _write(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(descriptor, 0o644)  # it was made private
    os.replace(temporary, path)  # noqa: PTH105 - a rename, on the path just made
