"""Sections on risk: tonight's book, the history's tails, the crises, how alike the assets move; and the small print."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from research.report.facts.series import Missing
from research.report.formats import day, gain, month, percent, probability, ratio, span
from research.report.names import FACTORS, METHODS
from research.report.page.elements import (
    Html,
    PageSection,
    Shown,
    badge,
    caveat,
    definition,
    folded,
    formed,
    missing,
    number,
    paragraph,
    row,
    table,
)
from research.report.pictures import judgement
from research.statistics.risk import HORIZONS, LEVELS

if TYPE_CHECKING:
    from research.report.facts.crises import CrisisWindow, Replay
    from research.report.facts.gathering import Facts
    from research.report.facts.risk import BookRisk, Tails, Tested
    from research.report.interpretation import Interpretation
    from research.statistics.exposure import FactorShock


def tonight(facts: Facts) -> PageSection:
    """Show the losses to expect of the books of today."""
    body: list[Html | Shown] = []
    for book in facts.risk.books:
        held = ", ".join(f"{symbol} {percent(weight)}" for symbol, weight in book.weights.items())
        words = f"{book.name} of {day(book.session)}: {held + ', ' if held else ''}cash {percent(book.cash)}."
        body.append(Html(f"<h3>{escape(words)}</h3>"))
        body += _tails(book.tails)
        body += _moved(book)
    body.append(
        caveat(
            "Four methods stand side by side because none is right: their spread is the uncertainty. A dash says that "
            "the Cornish-Fisher expansion is no distribution for these returns. Betas are of the last two years and "
            "linear. Nothing here has seen a loss unlike those of its sessions."
        )
    )
    lead = "The book of today, with its weights kept, over the past of what is in it."
    return PageSection("tonight", "Losses to expect: tonight's book", lead, tuple(body))


def history(facts: Facts) -> PageSection:
    """Show the losses to expect by the strategy's history."""
    histories, books = facts.risk.histories, [book.tails for book in facts.risk.books]
    odds = {each.name: each.drawdowns for each in (*histories, *books) if not isinstance(each.drawdowns, Missing)}
    body: list[Html | Shown] = [Shown(judgement.drawdown_odds(odds))] if odds else []
    for each in histories:
        body.append(Html(f"<h3>{escape(each.name)}</h3>"))
        body += _tails(each)
    body.append(
        caveat(
            "A strategy that changes its book is less like its past than an index is. Ten-session losses overlap, so "
            "they are fewer than they look. The test of a limit (Kupiec) counts how often it broke, not how deep, nor "
            "whether the breaks came together."
        )
    )
    lead = "A drawdown of the backtest is one draw of many, often a kind one."
    return PageSection("tails", "Losses to expect: by the history", lead, tuple(body))


def crises(facts: Facts) -> PageSection:
    """Show the crises of the sample."""
    found = facts.risk.crises
    lead = "What it did, and what tonight's book would have done, when it mattered."
    skipped = ", ".join(f"{window.name} ({month(window.first)})" for window in facts.risk.not_replayed)
    notes = [f"Not in the bars, so not replayed: {skipped}."] if skipped else []
    if facts.provenance.is_made_up:
        notes.append("A made-up market lived through none of them.")
    without = sorted({symbol for crisis in found for each in crisis.replays for symbol in each.without})
    if without:
        notes.append(f"* {', '.join(without)} had no bars yet: that weight counts as cash, which flatters the book.")
    if not found:
        return PageSection("crises", "Crises", lead, tuple(paragraph(note) for note in notes))
    rows = [
        row(
            _named(crisis.window),
            *(_replayed(each) for each in crisis.replays),
        )
        for crisis in found
    ]
    heads = ["Crisis", *(each.name for each in found[0].replays)]
    notes.append(
        "Returns within each window, the maximum drawdown inside it below; books are brought back to their weights at "
        "every close, without costs. Each crisis is one event: no interval can be given, and the next one will be "
        "another."
    )
    body = (Shown(judgement.crises(found)), table("Crises replayed", heads, rows), caveat(" ".join(notes)))
    return PageSection("crises", "Crises", lead, body)


def alike(facts: Facts) -> PageSection:
    """Show the correlation regime."""
    found = facts.risk.regime
    lead = "Holding several things helps only while they move apart."
    if isinstance(found, Missing):
        return PageSection("alike", "Correlation of the assets", lead, (missing(found, "The mean correlation"),))
    left = f" Left out, for lack of bars in some session: {', '.join(found.left_out)}." if found.left_out else ""
    body = (
        Shown(judgement.regime(found)),
        _words(found.words),
        caveat(f"{found.words.does_not_say}{left}"),
    )
    return PageSection("alike", "Correlation of the assets", lead, body)


def small_print(facts: Facts) -> PageSection:
    """List the origin of the page."""
    made = facts.provenance
    pairs: list[tuple[str, str | Html]] = [
        ("Newest session", day(made.as_of)),
        ("Warehouse snapshot", str(made.snapshot)),
        ("Live strategy", f"{made.strategy_id}: {', '.join(f'{k} {v:g}' for k, v in made.parameters.items())}"),
        ("Universe", ", ".join(made.universe)),
        ("Bars from", ", ".join(made.sources)),
        ("Configuration", made.parameters_hash[:12]),
        ("Numbers", "report.json beside this page has every number in full, and this page carries them too"),
        ("Not advice", "Past returns, and simulated ones above all, do not tell future ones"),
    ]
    lead = "The same warehouse snapshot gives the same page."
    return PageSection("small-print", "Origin of the numbers", lead, (definition(pairs),))


def _tails(tails: Tails) -> list[Html]:
    pieces = [caveat(f"{tails.caveat} {tails.sessions:,} sessions.")]
    if isinstance(tails.risks, Missing):
        pieces.append(missing(tails.risks, "Value at risk"))
    else:
        found = {(risk.method, risk.horizon.sessions, risk.horizon.level): risk for risk in tails.risks}
        shown = [(sessions, level) for sessions in HORIZONS for level in LEVELS]
        rows = [
            row(
                label,
                *(
                    Html(
                        f"{number(risk.value_at_risk, percent)}"
                        f'<small class="interval">{number(risk.expected_shortfall, percent)}</small>'
                    )
                    for risk in (found[method, sessions, level] for sessions, level in shown)
                ),
            )
            for method, label in METHODS.items()
        ]
        heads = [
            "Method",
            *(f"{sessions} day{'s' * (sessions > 1)}, {percent(level, 0)}" for sessions, level in shown),
        ]
        caption = f"{tails.name}: value at risk, expected shortfall below it"
        pieces.append(table(caption, heads, rows))
    if isinstance(tails.tests, Missing):
        pieces.append(missing(tails.tests, "The test of these limits"))
    else:
        pieces.append(folded("Would these limits have held?", _tested(tails.tests)))
    if isinstance(tails.drawdowns, Missing):
        pieces.append(missing(tails.drawdowns, "Drawdowns to expect"))
    else:
        pieces.append(_words(tails.drawdowns.words))
    return pieces


def _tested(tests: tuple[Tested, ...]) -> Html:
    rows = [
        row(
            f"{METHODS[each.method]}, {percent(each.test.level, 0)}",
            number(each.test.exceedances, formed(ratio, 0)),
            number(each.expected, formed(ratio, 1)),
            number(each.test.sessions, formed(ratio, 0)),
            number(each.test.p_value, probability),
            badge(each.words.standing),
        )
        for each in tests
    ]
    heads = ["Limit", "Exceeded", "Expected", "Sessions", "p", ""]
    return table("One-day limits against what happened (Kupiec)", heads, rows)


def _moved(book: BookRisk) -> list[Html]:
    pieces = [_words(words) for words in book.words]
    for found, what in ((book.concentration, "Concentration"), (book.stress, "The effect of broken correlations")):
        if isinstance(found, Missing):
            pieces.append(missing(found, what))
    if isinstance(book.shocks, Missing):
        pieces.append(missing(book.shocks, "The effect of shocks"))
    else:
        heads = ["Factor", "Moves", "Beta", "The book"]
        pieces.append(table("One factor moves, the others stand still", heads, list(map(_shock, book.shocks))))
    return pieces


def _shock(shock: FactorShock) -> tuple[str | Html, ...]:
    name = f"{FACTORS[shock.factor]} ({shock.factor})"
    moves = number(shock.shock, formed(gain, 0))
    return row(name, moves, number(shock.beta, ratio), number(shock.impact, gain))


def _named(window: CrisisWindow) -> Html:
    days = span(window.first, window.last)
    return Html(f'{escape(window.name)}<small class="interval">{days}</small>')


def _replayed(found: Replay) -> Html:
    star = "*" if found.without else ""
    total, drawdown = number(found.total, gain), number(found.drawdown, percent)
    return Html(f'{total}{star}<small class="interval">{drawdown}</small>')


def _words(words: Interpretation) -> Html:
    finding, remedy = escape(words.finding), escape(words.remedy)
    return paragraph(Html(f"<strong>{words.statistic}</strong> {badge(words.standing)} {finding} {remedy}"))
