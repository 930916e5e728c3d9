"""Compares strategies over the same sessions, and says whether the difference is more than chance: compare."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dagster_defs.cli import terminal, what_if
from dagster_defs.cli.options import FROM, JSON, SEED, SET, TO
from research.report.formats import interval, length_caveat, percent, ratio
from research.statistics.bootstrap import LEVEL, Draws
from research.statistics.metrics import Metric
from research.statistics.paired import paired_differences
from research.statistics.samples import SHORTEST_HISTORY
from warehouse.errors import LakeError
from warehouse.settings.portfolio import strategy_rows
from warehouse.settings.strategy import AXES, NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from execution.installation import Installation
    from research.statistics.bootstrap import Interval
    from research.what_if import Contender, Track, Tried

LIVE = "live"
NAME = re.compile(r"(\d+)\s*/\s*(\d+)\D+?(\d+)[^\d.-]+(-?[\d.]+)")
IDENTITY = re.compile(r"[0-9a-f]{12}")
DRAWS = 2_000
TOLD = (Metric.CAGR, Metric.SHARPE, Metric.MAX_DRAWDOWN)
FORMS = {Metric.SHARPE: ratio}
"""How a metric is written that is no fraction."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
@SET
@FROM
@TO
@SEED
@JSON
@click.pass_obj
def compare(
    installation: Installation,
    names: tuple[str, ...],
    settings: tuple[str, ...],
    first: date | None,
    last: date | None,
    seed: int,
    as_json: bool,
) -> None:
    """Compare strategies with the first one named, over the same sessions.

    A NAME is live, a saved variant (`swing backtest --save`), a strategy by its averages, picks and correlation cap
    ("20/50 · top 2 · 0.7", or 20/50/2/0.7), its strategy_id, or a symbol to buy and hold; --set adds variants of the
    live strategy. Each difference has its 95% interval: both histories are resampled together, in blocks. Slippage of
    1, 2, 5 and 10 basis points (bp, hundredths of a per cent of the value traded) shows what each can bear. Computed in
    memory; nothing is written.

    \b
    Examples:
      swing compare live SPY
      swing compare live "10/80 · top 3 · 0.6"
      swing compare live --set strategy.top_n=1,3 --from 2015
    """
    span = what_if.span_of(first, last)
    contenders, symbols = _named(installation, names or (LIVE,))
    contenders += what_if.varied(installation, settings)
    contenders = list({each.identity: each for each in reversed(contenders)}.values())[::-1]
    if len(contenders) + len(symbols) < 2:  # noqa: PLR2004 - a comparison is of two
        raise click.UsageError('One strategy alone: name another, as in `swing compare live "10/80 · top 3 · 0.6"`.')
    if len(symbols) > 1 or not contenders:
        raise click.UsageError("At most one symbol can be compared with, and one strategy at least.")

    dearer = [each.with_costs(slippage=slippage) for each in contenders for slippage in what_if.SLIPPAGES.values()]
    with terminal.progress("Comparing", is_quiet=as_json):
        tried = what_if.answer(installation, [*contenders, *dearer], span, "".join(symbols))
        if symbols and tried.tracks[-1].contender is not None:
            raise LakeError(f"{symbols[0]} has no bar before {tried.sessions[0]}. Begin later, with --from.")
        tracks = [*tried.tracks[: len(contenders)], *tried.tracks[len(contenders) + len(dearer) :]]
        differences = [_difference(tracks[0], track, seed) for track in tracks[1:]]
    costs = {
        each.name: [track.metrics["cagr"] for track in tried.tracks[at : at + len(what_if.SLIPPAGES)]]
        for each, at in zip(contenders, range(len(contenders), len(tried.tracks), len(what_if.SLIPPAGES)), strict=False)
    }
    if as_json:
        click.echo(json.dumps(_record(replace(tried, tracks=tracks), differences, costs), indent=2))
        return
    what_if.show_setting(tried, contenders, "")
    terminal.out.print()
    what_if.show_tracks(tracks)
    for track, found in zip(tracks[1:], differences, strict=True):
        _show_difference(tracks[0], track, found)
    _show_costs(costs)
    terminal.say_wrapped(length_caveat(len(tried.sessions)))


def _named(installation: Installation, names: Sequence[str]) -> tuple[list[Contender], list[str]]:
    """Return the strategies and the symbols that are named. Raises click.UsageError for what is neither."""
    contenders, symbols = [], []
    for name in names:
        settings = _settings_of(installation, name)
        if name.lower() == LIVE:
            contenders.append(what_if.live(installation))
        elif name in installation.portfolio.saved:
            contenders.append(what_if.saved(installation, name))
        elif settings:
            contenders += what_if.varied(installation, settings)
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9.]{0,11}", name):
            symbols.append(name.upper())
        else:
            raise click.UsageError(
                f"'{name}' names no strategy. Write live, \"20/50 · top 2 · 0.7\" (fast/slow average, picks, "
                "correlation cap), a strategy_id of the grid, or a symbol."
            )
    live = what_if.live(installation)
    return [live if each.identity == live.identity else each for each in contenders], symbols


def _settings_of(installation: Installation, name: str) -> list[str]:
    """Return the settings that a strategy's name, or its id, stands for; none if it is no such name."""
    if IDENTITY.fullmatch(name):
        rows = (row for row in strategy_rows(installation.portfolio) if row.strategy_id == name)
        return [f"strategy.{key}={row.parameters[key]}" for row in rows for key in AXES]
    found = NAME.fullmatch(name.strip())
    values = zip(NAMED, found.groups(), strict=True) if found else ()
    return [f"strategy.{key}={value}" for key, value in values]


def _difference(base: Track, track: Track, seed: int) -> Mapping[Metric, Interval] | None:
    """Return how far a track exceeds the base; None where the sessions are too few, or both earn the same."""
    difference = track.returns - base.returns
    if len(difference) < SHORTEST_HISTORY or not difference.std() > 0:
        return None
    from research.statistics.block_length import optimal_block_length  # noqa: PLC0415 - it takes seconds to load

    draws = Draws(optimal_block_length(difference), DRAWS, seed)
    return paired_differences(track.returns, base.returns, draws)


def _show_difference(base: Track, track: Track, found: Mapping[Metric, Interval] | None) -> None:
    name, other = what_if.label(track), what_if.label(base)
    terminal.out.print()
    if found is None:
        terminal.say_wrapped(f"{name} and {other} earn the same, or over too few sessions to tell.")
        return
    rows = []
    for metric in TOLD:
        form, each = FORMS.get(metric, percent), found[metric]
        rows.append([str(metric), form(each.estimate), interval(each.low, each.high, form)])
    terminal.show_rows(
        [("metric", False), ("difference", True), (f"{LEVEL:.0%} interval", True)], rows, f"{name} against {other}"
    )
    terminal.say_wrapped(_verdict(name, other, found[Metric.CAGR]))


def _verdict(name: str, other: str, found: Interval) -> str:
    """Say in words what an interval of the difference in return shows."""
    if found.low is None or found.high is None or found.estimate is None:
        return "The difference in return is not defined."
    more = "more" if found.estimate > 0 else "less"
    amount = percent(abs(found.estimate))
    earned = f"{name} earned {amount} a year {more} than {other}."
    if found.low <= 0 <= found.high:
        return f"{earned} The interval contains 0: no difference is shown, the sessions could have given either sign."
    return (
        f"{earned} The interval does not contain 0: chance alone rarely gives that much. It holds for one comparison "
        "decided on beforehand; of twenty tries about one looks so by luck."
    )


def _show_costs(costs: Mapping[str, Sequence[float]]) -> None:
    rows = [[name, *(percent(value, 2) for value in values)] for name, values in costs.items()]
    terminal.out.print()
    terminal.show_rows(
        [("strategy", False), *((name, True) for name in what_if.SLIPPAGES)], rows, "Return a year (cagr) by slippage"
    )


def _record(
    tried: Tried, differences: Sequence[Mapping[Metric, Interval] | None], costs: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    compared = [
        {
            "name": track.name,
            "against": tried.tracks[0].name,
            "level": LEVEL,
            "differences": {
                str(metric): {"estimate": each.estimate, "low": each.low, "high": each.high}
                for metric, each in (found or {}).items()
            },
        }
        for track, found in zip(tried.tracks[1:], differences, strict=True)
    ]
    by_slippage = {name: dict(zip(what_if.SLIPPAGES, values, strict=True)) for name, values in costs.items()}
    return what_if.as_record(tried) | {"comparisons": compared, "cagr_by_slippage": by_slippage}
