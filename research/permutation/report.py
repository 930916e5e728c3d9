"""What a permutation test leaves behind for people: a picture and a JSON file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from research.report.pictures.backtest import save
from research.report.pictures.research import luck_figure

if TYPE_CHECKING:
    from pathlib import Path

    from research.permutation.experiment import PermutationTest, Result

CONVINCING = 0.05


def record(test: PermutationTest, result: Result) -> dict[str, Any]:
    """A test's figures, for a script."""
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


def verdict(p: float, what: str) -> str:
    """What a p-value means, in words."""
    if p <= CONVINCING:
        return f"Luck alone does as well as {what} in {p:.1%} of permuted worlds: a sign of something real."
    return f"Luck alone does as well as {what} in {p:.1%} of permuted worlds: no evidence of an edge."


def write(test: PermutationTest, result: Result, folder: Path) -> list[Path]:
    """Write permutation.png and permutation.json (permutation_walk_forward.… for that variant); the files."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = "permutation_walk_forward" if test.is_walk_forward else "permutation"
    best = "Walk-forward" if test.is_walk_forward else "Best of the grid"
    picture, data = folder / f"{stem}.png", folder / f"{stem}.json"
    panels = [
        (best, result.real.best, result.best_p, [each.best for each in result.permuted]),
        ("Live parameters", result.real.live, result.live_p, [each.live for each in result.permuted]),
    ]
    title = f"Permutation test of {test.objective}: p = {result.best_p:.3f} for the {best.lower()}"
    save(luck_figure(title, panels), picture)
    data.write_text(json.dumps(record(test, result), indent=2) + "\n", encoding="utf-8")
    return [picture, data]
