"""The page: templates filled with facts; one file that needs no other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from research.report.facts.series import DRAWS, MONTHS, Missing
from research.report.formats import length_caveat
from research.report.names import FACTORS, LIVE, METHODS, METRICS, WALK_FORWARD
from research.report.page import wording
from research.report.page.charts import chart_of
from research.report.page.contents import CHARTS, GROUPS, pictures_of
from research.report.page.elements import FILTERS, markup
from research.report.page.summary import statements
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from markupsafe import Markup

    from research.report.facts.gathering import Curves, Facts
    from research.report.facts.series import MeasuredSeries
    from research.report.pictures.canvas import Drawing

FOLDER = Path(__file__).parent
KINDS = {LIVE: "chosen with hindsight", WALK_FORWARD: "chosen without hindsight"}


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and the pictures on it by the names of their files."""

    html: str
    drawings: tuple[Drawing, ...]


def render(facts: Facts, curves: Curves) -> Page:
    """Draw the pictures and write the page."""
    drawings = {name: picture.drawing(has_chart=name in CHARTS) for name, picture in pictures_of(facts, curves).items()}
    html = (
        _environment()
        .get_template("page.html")
        .render(
            facts=facts,
            drawings=drawings,
            chart=chart_of(curves, facts.provenance.initial_equity),
            statements=statements(facts),
            headlines=_headlines(facts),
            objective=METRICS[Metric(facts.selection.objective)],
        )
    )
    return Page(html, tuple(drawings.values()))


def _headlines(facts: Facts) -> list[MeasuredSeries]:
    """The walk-forward, the live parameters and the benchmark, over the same sessions."""
    shown = (WALK_FORWARD, LIVE, facts.benchmark)
    return [each for each in facts.common if not isinstance(each, Missing) and each.name in shown]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.tests["missing"] = lambda value: isinstance(value, Missing)
    environment.globals |= _globals()
    return environment


def _globals() -> dict[str, Any]:
    return {
        "asset": _asset,
        "draws": DRAWS,
        "factors": FACTORS,
        "groups": GROUPS,
        "kinds": KINDS,
        "length_caveat": length_caveat,
        "methods": METHODS,
        "metrics": METRICS,
        "months": MONTHS,
        "search_methods": wording.SEARCH_METHODS,
        "tail_heads": wording.TAIL_HEADS,
        "trade_heads": wording.TRADE_HEADS,
    } | {
        each.__name__: each
        for each in (
            wording.block_lengths,
            wording.book_text,
            wording.crisis_notes,
            wording.figure_tables,
            wording.flattering,
            wording.judgement_value,
            wording.parameters_text,
            wording.search_winner,
            wording.strength,
            wording.tail_rows,
            wording.tally_text,
            wording.time_in_market,
            wording.warm_up_rows,
            wording.warm_up_text,
        )
    }


def _asset(name: str) -> Markup:
    """Return a file of this package, to stand in the page as it is."""
    return markup((FOLDER / name).read_text(encoding="utf-8"))
