"""Files that a permutation test leaves for people: a picture and a JSON file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from research.report.facts.luck import RecordedPermutations, chosen_by, permuted
from research.report.files import write_json, write_pictures
from research.report.formats import p_value, percent
from research.report.names import METRICS
from research.report.pictures.judgement import permutations
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from pathlib import Path

    from research.permutation.experiment import PermutationTest, Result

CONVINCING = 0.05


def record(test: PermutationTest, result: Result) -> dict[str, Any]:
    """Return a test's figures, for a script."""
    return {
        "test_id": test.test_id,
        "kind": "walk_forward" if test.is_walk_forward else "in_sample",
        "objective": str(test.objective),
        "window": {"start": test.window.start.isoformat(), "end": test.window.end.isoformat()},
        "seed": test.seed,
        "runs": len(result.permuted),
        "symbols": list(test.world.symbols),
        "left_out": test.left_out,
        "permuted_sessions": test.world.permuted,
        "best": {"real": result.real.best, "p": result.best_p, "permuted": [each.best for each in result.permuted]},
        "live": {"real": result.real.live, "p": result.live_p, "permuted": [each.live for each in result.permuted]},
    }


def conclusion(p: float, what: str) -> str:
    """Put a p-value into words."""
    found = "a sign of something real" if p <= CONVINCING else "no evidence of an edge"
    return f"Luck alone does as well as {what} in {percent(p)} of permuted worlds: {found}."


def write(test: PermutationTest, result: Result, folder: Path) -> list[Path]:
    """Write permutation.png and permutation.json (permutation_walk_forward.… for that variant); return the files."""
    stem = "permutation_walk_forward" if test.is_walk_forward else "permutation"
    best_of = chosen_by(is_walk_forward=test.is_walk_forward)
    best = permuted(result.real.best, [each.best for each in result.permuted])
    live = permuted(result.real.live, [each.live for each in result.permuted])
    found = RecordedPermutations(test.test_id, "", best_of, len(result.permuted), best, live)
    picture = replace(
        permutations(found),
        name=stem,
        title=f"Permutation test of the {METRICS[Metric(test.objective)]}: {p_value(best.p)} for the {best_of.lower()}",
        note="How often each objective came out where there is nothing to find; lines: history",
    )
    return [*write_pictures(folder, [picture]).values(), write_json(folder / f"{stem}.json", record(test, result))]
