"""The page: the answer, the sections in their order, the style; one file that needs no other."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_defs.report import sections_choice, sections_record, sections_risk
from dagster_defs.report.elements import Shown, section
from dagster_defs.report.forms import day
from dagster_defs.report.summary import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_defs.report.elements import Section
    from dagster_defs.report.facts import Curves, Facts
    from dagster_defs.report.pictures.canvas import Picture

STYLE = Path(__file__).with_name("style.css")


def sections(facts: Facts, curves: Curves) -> tuple[Section, ...]:
    """Everything below the answer, one idea a section."""
    return (
        sections_record.numbers(facts),
        sections_choice.walk_forward(facts, curves),
        sections_choice.before_and_after(facts, curves),
        sections_choice.luck(facts),
        sections_choice.permuted(facts),
        sections_choice.parameter_map(facts),
        sections_record.growth(facts, curves),
        sections_record.falls(facts, curves),
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


def pictures(shown: Sequence[Section]) -> list[Picture]:
    """Every picture of the page, in its order."""
    return [each.picture for part in shown for each in part.body if isinstance(each, Shown)]


def render(facts: Facts, shown: Sequence[Section]) -> str:
    """Write the page."""
    made = facts.provenance
    title = f"Swing portfolio: what the evidence says, {day(made.as_of)}"
    answer = "".join(
        f"<li><strong>{escape(each.title)}</strong> <span>{each.sentence}</span></li>" for each in statements(facts)
    )
    links = "".join(f'<li><a href="#{part.name}">{escape(part.title)}</a></li>' for part in shown)
    body = "".join(str(section(part)) for part in shown)
    parameters = " · ".join(f"{name} {value:g}" for name, value in made.parameters.items())
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
<h1>What the evidence says</h1>
<p class="meta">{escape(parameters)} · {escape(", ".join(made.universe))}</p>
</header>
<main>
<section id="answer" aria-labelledby="answer-title">
<h2 id="answer-title">In four sentences</h2>
<ol class="answer">{answer}</ol>
<p class="caveat">In brackets: 95 % intervals. After costs, before taxes.</p>
</section>
<nav aria-label="Sections"><ol>{links}</ol></nav>
{body}
</main>
</body>
</html>
"""
