"""The page: the answer, the sections in their order, the style; one file that needs no other."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from research.report.facts.series import Missing
from research.report.formats import day, ratio
from research.report.names import LIVE, WALK_FORWARD
from research.report.page import sections_choice, sections_record, sections_risk
from research.report.page.elements import Shown, number, section
from research.report.page.summary import statements
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from research.report.facts.gathering import Curves, Facts, Provenance
    from research.report.page.elements import PageSection
    from research.report.pictures.canvas import Picture

CAPTIONS = {LIVE: "with hindsight", WALK_FORWARD: "chosen honestly"}
MADE_UP = '<p class="missing"><strong>The bars are made up</strong>: nothing here is about a real market.</p>\n'
STYLE = Path(__file__).with_name("style.css")


def sections(facts: Facts, curves: Curves) -> tuple[PageSection, ...]:
    """Return all sections below the answer, in their order."""
    return (
        sections_record.numbers(facts),
        sections_choice.walk_forward(facts, curves),
        sections_choice.before_and_after(facts, curves),
        sections_choice.luck(facts),
        sections_choice.permuted(facts),
        sections_choice.parameter_map(facts),
        sections_record.growth(facts, curves),
        sections_record.drawdowns(facts, curves),
        sections_record.months(facts),
        sections_record.trailing(facts),
        sections_record.held(facts),
        sections_record.costs(facts),
        sections_risk.tonight(facts),
        sections_risk.history(facts),
        sections_risk.crises(facts),
        sections_risk.alike(facts),
        sections_risk.small_print(facts),
    )


def pictures(shown: Sequence[PageSection]) -> list[Picture]:
    """Return all pictures of the page, in their order."""
    return [each.picture for part in shown for each in part.body if isinstance(each, Shown)]


def render(facts: Facts, shown: Sequence[PageSection]) -> str:
    """Write the page."""
    made = facts.provenance
    title = f"Swing portfolio: evidence on the strategy, {day(made.as_of)}"
    answer = "".join(
        f"<li><strong>{escape(each.title)}</strong> <span>{each.sentence}</span></li>" for each in statements(facts)
    )
    links = "".join(f'<li><a href="#{part.name}">{escape(part.title)}</a></li>' for part in shown)
    body = "".join(str(section(part)) for part in shown)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<a class="skip" href="#answer">Skip to the answer</a>
<header>
<p class="kicker">Tear sheet · sessions up to {day(made.as_of)} · snapshot {made.snapshot}</p>
<h1>Evidence on the strategy</h1>
<p class="meta">{escape(_strategy(made))}</p>
{MADE_UP if made.is_made_up else ""}{_hero(facts)}
</header>
<main>
<section id="answer" aria-labelledby="answer-title">
<h2 id="answer-title">Summary</h2>
<ol class="answer">{answer}</ol>
<p class="caveat">In brackets: 95% intervals. After costs, before taxes.</p>
</section>
<nav aria-label="Sections"><ol>{links}</ol></nav>
{body}
</main>
</body>
</html>
"""


def _hero(facts: Facts) -> str:
    """Write the Sharpe ratios of the live parameters, of an honest choice, and of the first benchmark."""
    known = {each.name: each for each in facts.common if not isinstance(each, Missing)}
    benchmark = [name for name in known if name not in CAPTIONS][:1]
    pieces = [
        f'<div><p class="figure">{number(found.estimate, ratio)}</p><p>{escape(CAPTIONS.get(name, name))}</p>'
        f'<p class="interval">{number(found.low, ratio)} to {number(found.high, ratio)}</p></div>'
        for name in (*CAPTIONS, *benchmark)
        if name in known
        for found in [known[name].metrics[Metric.SHARPE]]
    ]
    first = next((f", {each.first.year} to {each.last.year}" for each in known.values()), "")
    return (
        f'<div class="hero">{"".join(pieces)}</div><p class="caveat">Sharpe ratios over the same sessions{first}.</p>'
    )


def _strategy(made: Provenance) -> str:
    chosen = made.parameters
    return (
        f"Averages of {chosen['ema_fast']:g} and {chosen['ema_slow']:g} sessions, at most {chosen['top_n']:g} "
        f"positions, correlations up to {chosen['corr_cap']:g}, out of {', '.join(made.universe)}."
    )
