"""Report of a parameter search: the stability of its winner, its worth, pictures and JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from research.report.facts.series import series_of
from research.report.files import write_json, write_pictures
from research.report.formats import ratio
from research.report.pictures.performance import equity_found
from research.report.pictures.selection import ParameterMap, landscape
from research.search.space import AXES, Point, at_edge, neighbours, plane
from research.search.studies import MAXIMISED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from research.report.pictures.canvas import Picture
    from research.search.out_of_sample import Lived
    from research.search.studies import Found
    from research.search.trials import TriedPoints
    from research.statistics.samples import FloatArray

PLANES = (("ema_fast", "ema_slow"), ("top_n", "corr_cap"))
NAMES = {
    "search": "Search, out of sample",
    "ensemble": "Ensemble, out of sample",
    "grid": "Grid, out of sample",
}
FRAGILE = 0.5
DECIMALS = 10
"""Beyond them a figure depends on the order in which the engine added."""


@dataclass(frozen=True, slots=True)
class Stability:
    """The neighbourhood of the newest fold's winner.

    Attributes:
        winner: Its parameters.
        objective: Its objective over its train window; Calmar for several objectives.
        neighbours: The median of the points one step away.
        edges: Its parameters at the edge of the space.
        panels: Its objective over two parameters at a time.
    """

    winner: Point
    objective: float
    neighbours: float
    edges: tuple[str, ...]
    panels: tuple[ParameterMap, ...] = field(repr=False)

    @property
    def is_fragile(self) -> bool:
        """True where a step away from the winner costs more than half of what it promised."""
        return not self.neighbours > FRAGILE * self.objective


def stability(trials: TriedPoints, found: Sequence[Found], objective: str) -> Stability:
    """Compute the newest winner's neighbourhood and its two planes."""
    fold, winner = found[-1].fold, found[-1].best[0]
    around = neighbours(winner)
    planes = [plane(winner, *axes) for axes in PLANES]
    trials.compute({winner, *around, *(point for points in planes for point in points)})

    def objectives(points: Sequence[Point]) -> FloatArray:
        return trials.measure(points, fold).to_maximise(MAXIMISED[objective][0]).round(DECIMALS)

    return Stability(
        winner,
        float(objectives([winner])[0]),
        round(float(np.nanmedian(objectives(around))), DECIMALS),
        tuple(at_edge(winner)),
        tuple(
            ParameterMap(
                "",
                (rows, AXES[rows]),
                (columns, AXES[columns]),
                objectives(points).reshape(len(AXES[rows]), len(AXES[columns])),
                frozenset({(AXES[rows].index(getattr(winner, rows)), AXES[columns].index(getattr(winner, columns)))}),
            )
            for (rows, columns), points in zip(PLANES, planes, strict=True)
        ),
    )


def record(found: Sequence[Found], lived: Sequence[Lived], stable: Stability, computed: int) -> dict[str, Any]:
    """Return a search's figures, for a script."""
    return {
        "strategies_computed": computed,
        "folds": [
            {key: str(value) if key != "fold_id" else value for key, value in asdict(each.fold).items()}
            | {"winner": each.best[0]._asdict(), "objective": each.objective, "edges": list(each.edges)}
            | {"ensemble": [point._asdict() for point in each.best], "front": len(each.front)}
            for each in found
        ],
        "out_of_sample": {each.name: _rounded(each.metrics) for each in lived},
        "edges": dict(Counter(edge for each in found for edge in each.edges)),
        "stability": {
            "winner": stable.winner._asdict(),
            "objective": stable.objective,
            "neighbours_median": stable.neighbours,
            "is_fragile": stable.is_fragile,
            "edges": list(stable.edges),
        },
    }


def _rounded(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in metrics.items()}


def warnings_of(found: Sequence[Found], stable: Stability) -> list[str]:
    """Return the reasons to doubt the winner, in words."""
    told = []
    if stable.edges:
        named = ", ".join(stable.edges)
        told.append(f"The newest winner lies at the edge of what was searched ({named}): the best may lie beyond.")
    edged = sum(bool(each.edges) for each in found)
    if edged > len(found) / 2:
        told.append(
            f"{edged} of {len(found)} winners lie at an edge: the space is too small, or nothing is to be found."
        )
    if stable.is_fragile:
        told.append(
            f"One step away from the newest winner {ratio(stable.objective)} becomes {ratio(stable.neighbours)} "
            "(median): a peak, not a plateau; likely luck."
        )
    changes = sum(one.best[0] != other.best[0] for one, other in pairwise(found))
    if changes > len(found) / 2:
        told.append(f"The winner changed {changes} times over {len(found)} folds: what is best does not stay best.")
    return told


def write(data: dict[str, Any], lived: Sequence[Lived], stable: Stability, folder: Path) -> list[Path]:
    """Write parameter_map.png, search_equity.png and search.json; return the files."""
    found = "a peak, not a plateau" if stable.is_fragile else "a plateau"
    title = f"Winner {ratio(stable.objective)}, neighbours {ratio(stable.neighbours)} (median): {found}"
    alt = f"Objective over two parameters at a time. {title}."
    drawn = [
        replace(
            landscape("parameter_map", title, alt, stable.panels),
            note="Objective over the last train window; the frame is the winner",
        ),
        *_equity(lived),
    ]
    return [*write_pictures(folder, drawn).values(), write_json(folder / "search.json", data)]


def _equity(lived: Sequence[Lived]) -> list[Picture]:
    """Growth of the accounts, where there is a session to draw."""
    daily = [each.daily for each in lived]
    if not all(len(each) for each in daily):
        return []
    start = float(daily[0]["equity"].iloc[0] / (1 + daily[0]["net_return"].iloc[0]))
    return [equity_found("search_equity", [series_of(NAMES[each.name], "", each.daily) for each in lived], start)]
