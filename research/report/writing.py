"""Writes the tear sheet: the page, the pictures and the numbers behind it, each file whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from research.report.facts.gathering import STEPS, gather
from research.report.facts.record import as_record
from research.report.facts.series import Missing
from research.report.page.rendering import render
from research.report.page.summary import statements
from research.statistics.metrics import Metric
from warehouse.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from research.report.facts.gathering import Facts
    from warehouse.lake import Lake
    from warehouse.sources.base import Progress

PAGE, NUMBERS = "report.html", "report.json"


@dataclass(frozen=True, slots=True)
class TearSheet:
    """Files and headline figures of a tear sheet.

    Attributes:
        metrics: The headline figures, fractions: name -> value, None where not defined.
        pictures: Name -> PNG file.
        files: Every file, the page first.
        summary: The four statements as text, and the caveat of a short history.
    """

    page: Path
    metrics: dict[str, float | str | None]
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
    written = render(facts, curves)
    said = statements(facts)
    record = {"summary": [each.text for each in said], "caveat": facts.caveat or None} | as_record(facts)
    page, numbers = folder / PAGE, folder / NUMBERS
    write_atomically(page, written.html)
    write_atomically(numbers, f"{json.dumps(record, indent=1, ensure_ascii=False)}\n")
    drawn = {drawing.name: folder / f"report_{drawing.name}.png" for drawing in written.drawings}
    for drawing in written.drawings:
        write_atomically(drawn[drawing.name], drawing.png)
    progress(STEPS, STEPS, "done")
    return TearSheet(
        page=page,
        metrics=_headlines(facts),
        pictures=drawn,
        files=[page, numbers, *drawn.values()],
        summary="\n".join([*(each.text for each in said), *([facts.caveat] if facts.caveat else [])]),
    )


def _headlines(facts: Facts) -> dict[str, Any]:
    live, honest = facts.whole, facts.common[0]
    return {
        f"{kind}_{metric}": None if isinstance(measured, Missing) else measured.metrics[metric].estimate
        for kind, measured in (("live", live), ("walk_forward", honest))
        for metric in (Metric.SHARPE, Metric.CAGR, Metric.MAX_DRAWDOWN)
    } | {"caveat": facts.caveat or None}
