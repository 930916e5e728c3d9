"""Risk as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_defs.cli import terminal
from research.report.facts.series import Missing
from research.report.formats import day, gain, month, percent, probability, ratio, span
from research.report.names import FACTORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from research.report.facts.risk import BookRisk, Risk, Tails
    from research.report.interpretation import Interpretation


def show(risk: Risk) -> None:
    """Print everything, losses as per cent of equity."""
    for book in risk.books:
        _show_book(book)
    for history in risk.histories:
        _show_tails(history)
    _say_exposure(risk)
    _show_crises(risk)
    _show_words([] if isinstance(risk.regime, Missing) else [risk.regime.words], "Correlation of the assets")
    if isinstance(risk.regime, Missing):
        _say(f"The correlation of the assets is not known: {risk.regime.reason}")


def _show_book(book: BookRisk) -> None:
    held = ", ".join(f"{symbol} {percent(weight)}" for symbol, weight in book.weights.items())
    _title(f"{book.name} of {day(book.session)}: {held + ', ' if held else ''}cash {percent(book.cash)}")
    _show_tails(book.tails)
    _show_words(book.words, "The book")
    if isinstance(book.shocks, Missing):
        _say(f"Shocks: {book.shocks.reason}")
    else:
        rows = [
            {
                "factor": f"{shock.factor} ({FACTORS[shock.factor]})",
                "move": gain(shock.shock, 0),
                "beta": ratio(shock.beta),
                "book": gain(shock.impact),
            }
            for shock in book.shocks
        ]
        _table(rows, "One factor moves, the others stand still")


def _show_tails(tails: Tails) -> None:
    _title(f"{tails.name}: {tails.sessions:,} sessions, {span(tails.first, tails.last)}")
    _say(tails.caveat)
    if isinstance(tails.risks, Missing):
        _say(f"Value at risk: {tails.risks.reason}")
    else:
        rows = [
            {
                "sessions": risk.horizon.sessions,
                "level": percent(risk.horizon.level, 0),
                "method": str(risk.method),
                "value at risk": percent(risk.value_at_risk, 2),
                "expected shortfall": percent(risk.expected_shortfall, 2),
            }
            for risk in tails.risks
        ]
        _table(rows, "Losses")
    if isinstance(tails.tests, Missing):
        _say(f"Value at risk was not tested: {tails.tests.reason}")
    else:
        rows = [
            {
                "level": percent(each.test.level, 0),
                "method": str(each.method),
                "exceeded": each.test.exceedances,
                "expected": ratio(each.expected, 1),
                "sessions": each.test.sessions,
                "p": probability(each.test.p_value),
                "holds": str(each.words.standing),
            }
            for each in tails.tests
        ]
        _table(rows, "Its own test, session by session (Kupiec)")
    if isinstance(tails.drawdowns, Missing):
        _say(f"Drawdowns to expect: {tails.drawdowns.reason}")
    else:
        _show_words([tails.drawdowns.words], "Drawdowns to expect in a year")


def _say_exposure(risk: Risk) -> None:
    exposure = risk.exposure
    _say(
        f"On average the strategy was {percent(exposure.invested)} invested, its largest position "
        f"{percent(exposure.largest)}; when invested, in as much as {ratio(exposure.effective_holdings)} equal "
        f"positions; {percent(exposure.in_cash)} of its sessions all in cash."
    )


def _show_crises(risk: Risk) -> None:
    rows = [
        {"crisis": crisis.window.name, "first": day(crisis.window.first), "last": day(crisis.window.last)}
        | {each.name: gain(each.total) + ("*" if each.without else "") for each in crisis.replays}
        for crisis in risk.crises
    ]
    _table(rows, "Crises replayed: returns, a book's weights held")
    without = sorted({symbol for crisis in risk.crises for each in crisis.replays for symbol in each.without})
    if without:
        _say(f"* without {', '.join(without)}, which had no bars yet: that weight counts as cash.")
    if risk.not_replayed:
        names = ", ".join(f"{window.name} ({month(window.first)})" for window in risk.not_replayed)
        _say(f"Not in the bars, so not replayed: {names}.")


def _show_words(words: Sequence[Interpretation], title: str) -> None:
    if words:
        _title(title)
    for each in words:
        _say(f"{each.statistic} [{each.standing}]: {each.finding} {each.remedy}")


def _table(rows: Sequence[Mapping[str, object]], title: str) -> None:
    if rows:
        terminal.out.print()
        terminal.show(pd.DataFrame(rows), title)


def _title(text: str) -> None:
    terminal.out.print(f"\n[bold]{terminal.plain(text)}[/bold]")


def _say(text: str) -> None:
    terminal.out.print(terminal.plain(text), markup=False)
