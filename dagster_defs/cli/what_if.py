"""Answers to what-if questions: strategies that no build knows, beside the live one and a benchmark."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagster_defs.cli import terminal
from research.report.formats import length_caveat, percent, ratio
from research.what_if import MEASURED, Contender, Span, try_out
from research.workbench import Bench
from warehouse.errors import ConfigurationError, LakeError
from warehouse.settings.portfolio import saved_variant
from warehouse.settings.saving import save_variant
from warehouse.settings.variants import UNIVERSE, Variant, load_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from execution.installation import Installation
    from research.dearer_trading import CommissionEffect, CostEffects
    from research.what_if import Track, Tried

SLIPPAGES = {"1 bp": 0.0001, "2 bp": 0.0002, "5 bp": 0.0005, "10 bp": 0.001}
"""Costs at which results are repeated, as fractions of the value traded; a basis point (bp) is 0.01%."""
FOREMOST = ("cagr", "sharpe", "calmar", "max_drawdown", "turnover_annual")
ABREAST = 4
"""Tracks that stand beside each other."""
NAMES = "Names: fast/slow average · most symbols held · highest correlation between two of them."
HINDSIGHT = (
    "Whoever tries variants and keeps the best has chosen with hindsight; `swing walkforward` shows what choosing "
    "without it would have earned."
)

NEXT = (
    "Nothing was written. Whether a difference is more than chance: `swing compare live --set …`; to trade other "
    "parameters, put them into portfolio.yaml (`swing init` writes one)."
)


def answer(installation: Installation, contenders: Sequence[Contender], span: Span, benchmark: str) -> Tried:
    """Try strategies out on the bars of an installation.

    Raises:
        LakeError: A symbol of a universe has no bar, or nothing can be measured.
    """
    symbols = {symbol for each in contenders for symbol in each.portfolio.universe}
    bench = Bench.of(installation.lake, {*symbols, *([benchmark] if benchmark else [])})
    known = set(bench.bars.column("symbol").unique().to_pylist())
    asked = {symbol for each in contenders if not each.is_live for symbol in each.portfolio.universe}
    if missing := sorted(asked - known - set(installation.portfolio.universe)):
        raise LakeError(
            f"The warehouse holds no bar of {', '.join(missing)}. Import price bars first: `swing fetch --help`."
        )
    return try_out(bench, contenders, span, benchmark if benchmark in known else "")


def varied(installation: Installation, settings: Sequence[str]) -> list[Contender]:
    """Return the contenders that `--set` asks for. Raises ConfigurationError if one cannot be."""
    if not settings:
        return []
    return [contender_of(variant) for variant in load_variants(installation.home, settings)]


def keep(installation: Installation, settings: Sequence[str], name: str, *, is_quiet: bool) -> None:
    """Save the one variant that settings ask for. Raises ConfigurationError if it cannot be."""
    variants = load_variants(installation.home, settings)
    if len(variants) > 1:
        raise ConfigurationError(
            f"--save {name}: {len(variants)} variants were tried. Save one: a value for each --set."
        )
    file = save_variant(installation.home, name, variants[0].changes)
    if not is_quiet:
        terminal.out.print()
        terminal.say_wrapped(
            f"Saved as {name} in {file}. `swing compare live {name}` compares it; the next `swing backtest` builds it "
            "beside the others. It is never traded."
        )


def saved(installation: Installation, name: str) -> Contender:
    """Return a saved variant."""
    portfolio = installation.portfolio
    contender = Contender.of(saved_variant(portfolio, name), portfolio.saved[name])
    return replace(contender, name=f"{name} ({contender.name})")


def contender_of(variant: Variant) -> Contender:
    """Name a variant by what it changes."""
    return Contender.of(variant.portfolio, told_by(variant.changes))


def told_by(settings: Iterable[str]) -> set[str]:
    """Return the parameters, or the universe, that settings change."""
    keys = [setting.partition("=")[0].strip() for setting in settings]
    return {key if key == UNIVERSE else key.partition(".")[2] for key in keys}


def live(installation: Installation, settings: Iterable[str] = ()) -> Contender:
    """Return the live strategy, its name telling what the settings change."""
    return Contender.of(installation.portfolio, told_by(settings), is_live=True)


def commission_told(effect: CommissionEffect | None) -> str:
    """Say what the broker's minimum commission would leave of the live strategy; nothing for no effect."""
    if effect is None:
        return ""
    return (
        f"With the broker's minimum commission ({effect.minimum:g} USD an order) at {effect.initial_equity:,.0f} USD: "
        f"{percent(effect.charged['cagr'])} a year instead of {percent(effect.usual['cagr'])}."
    )


def show_costs(effects: CostEffects) -> None:
    """Print what dearer trading would leave of the live strategy; nothing if it could not be measured."""
    if not effects.by_slippage:
        return
    named = dict(zip(SLIPPAGES, effects.by_slippage.values(), strict=True))
    if effects.commission is not None:
        named["minimum commission"] = effects.commission.charged
    rows = [
        ["return a year", *(percent(metrics["cagr"], 2) for metrics in named.values())],
        ["Sharpe ratio", *(ratio(metrics["sharpe"]) for metrics in named.values())],
    ]
    terminal.show_rows([("slippage", False), *((name, True) for name in named)], rows, "If trading cost more")
    terminal.say_wrapped(commission_told(effects.commission))


def cost_record(effects: CostEffects) -> dict[str, Any]:
    """Return the same for a script; nothing of what could not be measured."""
    named = dict(zip(SLIPPAGES, effects.by_slippage.values(), strict=False))
    record: dict[str, Any] = (
        {"by_slippage": {name: _figures(metrics) for name, metrics in named.items()}} if named else {}
    )
    if effects.commission is not None:
        record["with_minimum_commission"] = commission_record(effects.commission)
    return record


def commission_record(effect: CommissionEffect) -> dict[str, Any]:
    """Return the same for a script."""
    metrics = _figures(effect.charged)
    return {"minimum": effect.minimum, "initial_equity": effect.initial_equity, "metrics": metrics}


def _figures(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _known(metrics[name]) for name in MEASURED}


def label(track: Track) -> str:
    """Write a track's name, and that it is the live one."""
    return f"{track.name} (live)" if track.contender is not None and track.contender.is_live else track.name


def show_tracks(tracks: Sequence[Track]) -> None:
    """Print the metrics of each track, one a column; where that does not fit, the foremost metrics, one track a row."""
    needed = max(map(len, MEASURED)) + sum(len(label(track)) + terminal.GAP for track in tracks)
    if len(tracks) <= ABREAST and needed <= terminal.width():
        columns = [("", False), *((label(track), True) for track in tracks)]
        cells = [[name, *(terminal.text(name, track.metrics[name]) for track in tracks)] for name in MEASURED]
    else:
        columns = [("strategy", False), *((name, True) for name in FOREMOST)]
        cells = [[label(track), *(terminal.text(name, track.metrics[name]) for name in FOREMOST)] for track in tracks]
    terminal.show_rows(columns, cells)


def show_setting(tried: Tried, contenders: Sequence[Contender], benchmark: str) -> None:
    """Print what was measured: the period, the parameters that all share, the benchmark."""
    terminal.say_wrapped(f"Period      {period(tried)}, after costs")
    terminal.say_wrapped(f"Parameters  {shared_parameters(contenders)}")
    has_benchmark = any(track.contender is None for track in tried.tracks)
    if benchmark and not has_benchmark:
        terminal.say_wrapped(f"Benchmark   {benchmark} is left out: it has no bar before {tried.sessions[0]}.")


def period(tried: Tried) -> str:
    """Write the days that were measured, and their number."""
    return f"{tried.sessions[0]} to {tried.sessions[-1]}, {len(tried.sessions):,} sessions"


def shared_parameters(contenders: Sequence[Contender]) -> str:
    """Write the parameters that all contenders share."""
    first = contenders[0].parameters
    return listed(
        {name: value for name, value in first.items() if all(each.parameters[name] == value for each in contenders)}
    )


def listed(parameters: Mapping[str, float]) -> str:
    """Write parameters, each by its name."""
    return ", ".join(f"{name} {value:g}" for name, value in parameters.items())


def as_record(tried: Tried) -> dict[str, Any]:
    """Return what was tried, for a script."""
    return {
        "first_session": str(tried.sessions[0]),
        "last_session": str(tried.sessions[-1]),
        "sessions": len(tried.sessions),
        "tracks": [
            {
                "name": track.name,
                "is_live": track.contender is not None and track.contender.is_live,
                "is_benchmark": track.contender is None,
                "parameters": track.contender.parameters if track.contender else None,
                "universe": list(track.contender.portfolio.universe) if track.contender else None,
                "metrics": _figures(track.metrics),
            }
            for track in tried.tracks
        ],
        "caveat": length_caveat(len(tried.sessions)) or None,
    }


def span_of(first: date | None, last: date | None) -> Span:
    """Return the days asked for. Raises LakeError if they end before they begin."""
    if first is not None and last is not None and first > last:
        raise LakeError(f"The period from {first} to {last} ends before it begins. Exchange --from and --to.")
    return Span(first, last)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
