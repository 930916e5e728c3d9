"""Pieces of the page: numbers that say themselves exactly, tables, pictures, notes, sections."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from research.report.formats import NOTHING
from research.report.pictures.canvas import NARROW, WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from research.report.facts.series import Missing
    from research.report.formats import Form
    from research.report.interpretation import Standing
    from research.report.pictures.canvas import Picture
    from research.statistics.bootstrap import Interval

BREAKPOINT = 640


@dataclass(frozen=True, slots=True)
class Html:
    """Text that is HTML already."""

    text: str

    def __str__(self) -> str:
        """Return the HTML."""
        return self.text


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture in its place."""

    picture: Picture
    caption: str = ""


@dataclass(frozen=True, slots=True)
class PageSection:
    """A section of the page: one idea.

    Attributes:
        name: Its anchor.
        lead: What it says, before how.
    """

    name: str
    title: str
    lead: str
    body: tuple[Html | Shown, ...]


def number(value: float | None, form: Form) -> Html:
    """Write a number as people read it, with its exact value beside it for machines."""
    text = escape(form(value))
    return Html(text) if value is None or text == NOTHING else Html(f'<data value="{value!r}">{text}</data>')


def with_interval(found: Interval, form: Form) -> Html:
    """Write a number over its interval."""
    low, high = number(found.low, form), number(found.high, form)
    return Html(f'{number(found.estimate, form)}<small class="interval">{low} to {high}</small>')


def paragraph(text: str | Html) -> Html:
    """Make a paragraph."""
    return Html(f"<p>{_text(text)}</p>")


def caveat(text: str) -> Html:
    """Make a note on the limits of the numbers above."""
    return Html(f'<p class="caveat">{escape(text)}</p>')


def missing(found: Missing, what: str) -> Html:
    """Say that something cannot be shown, and why."""
    return Html(f'<p class="missing"><strong>{escape(what)}</strong> cannot be said: {escape(found.reason)}</p>')


def row(*cells: str | Html) -> tuple[str | Html, ...]:
    """Make a row of a table; the first cell names it."""
    return cells


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str | Html]]) -> Html:
    """Make a table whose first column names its rows; it scrolls by itself where the page is too narrow for it."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>' + "".join(f"<td>{_text(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return Html(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, *content: Html) -> Html:
    """Fold away details for some readers; print shows the summary alone."""
    return Html(f"<details><summary>{escape(summary)}</summary>{''.join(map(str, content))}</details>")


def columns(*content: Html) -> Html:
    """Place pieces side by side, where there is room."""
    return Html(f'<div class="columns">{"".join(f"<div>{each}</div>" for each in content)}</div>')


def figure(shown: Shown) -> Html:
    """Place a picture, in the shape that fits the reader's screen."""
    picture, caption = shown.picture, shown.caption
    small, _, _ = picture.source(NARROW)
    large, width, height = picture.source(WIDE)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return Html(
        f'<figure id="picture-{escape(picture.name)}"><picture>'
        f'<source media="(max-width: {BREAKPOINT}px)" srcset="{small}">'
        f'<img src="{large}" width="{width}" height="{height}" alt="{escape(picture.alt)}"></picture>{below}</figure>'
    )


def badge(standing: Standing) -> Html:
    """Show a standing as a word and a colour."""
    return Html(f'<span class="badge {standing}">{standing}</span>')


def definition(pairs: Sequence[tuple[str, str | Html]]) -> Html:
    """Make a list of terms with their definitions."""
    return Html(f"<dl>{''.join(f'<dt>{escape(term)}</dt><dd>{_text(what)}</dd>' for term, what in pairs)}</dl>")


def section(found: PageSection) -> Html:
    """Make a section with its heading."""
    body = "".join(str(figure(each) if isinstance(each, Shown) else each) for each in found.body)
    heading = f'<h2 id="{found.name}-title">{escape(found.title)}</h2>'
    return Html(
        f'<section id="{found.name}" aria-labelledby="{found.name}-title">{heading}'
        f'<p class="lead">{escape(found.lead)}</p>{body}</section>'
    )


def formed(form: Callable[..., str], digits: int) -> Form:
    """Fix the digits of a form."""
    return lambda value, /: form(value, digits)


def _text(content: str | Html) -> str:
    return str(content) if isinstance(content, Html) else escape(content)
