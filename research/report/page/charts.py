"""Data of the charts that zoom: the growth of each series, which the script rebases and takes drawdowns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from research.report.pictures.canvas import DARK, colour_of

if TYPE_CHECKING:
    import pandas as pd

    from research.report.facts.gathering import Curves
    from research.report.facts.series import Series

DIGITS = 6
"""Significant digits of a growth: more than a screen shows."""


def chart_of(curves: Curves, start: float) -> dict[str, Any]:
    """Return what the script draws.

    Returns:
        start: USD that each chart begins with; seconds: of each session, since 1970; series: name, colours, and the
        growth of 1 at each session, null before the series begins.
    """
    sessions = curves.live.sessions
    shown = (curves.walk_forward, curves.live, *curves.benchmarks)
    return {
        "start": start,
        "seconds": [int(day.value // 10**9) for day in sessions.as_unit("ns")],
        "series": [
            {
                "name": each.name,
                "light": (colour := colour_of(each.name, place)),
                "dark": DARK[colour],
                "growth": _growth(each, sessions),
            }
            for place, each in enumerate(shown)
        ],
    }


def _growth(series: Series, sessions: pd.DatetimeIndex) -> list[float | None]:
    known = dict(zip(series.sessions, series.growth.tolist(), strict=True))
    return [None if value is None else float(f"{value:.{DIGITS}g}") for value in map(known.get, sessions)]
