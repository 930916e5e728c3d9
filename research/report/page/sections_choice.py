"""Sections on choosing: the walk-forward, before against after, permuted worlds, overfitting, the map of the grid."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from research.report.facts.series import Missing
from research.report.formats import day, gain, percent, probability, ratio
from research.report.names import LIVE, METRICS, WALK_FORWARD, Statistic, capitalised
from research.report.page.elements import (
    Html,
    PageSection,
    Shown,
    badge,
    caveat,
    folded,
    formed,
    missing,
    number,
    paragraph,
    row,
    table,
)
from research.report.pictures import judgement, performance
from research.report.pictures import selection as pictures_of_selection
from research.statistics.metrics import Metric

if TYPE_CHECKING:
    from research.report.facts.gathering import Curves, Facts
    from research.report.facts.luck import Judgement, RecordedPermutations
    from research.report.facts.selection import FoldResult, Tally
    from research.report.facts.series import MeasuredSeries
    from research.report.formats import Form

HOW_TO_PERMUTE = (
    '<p class="missing">Not asked yet. Run <code>swing permute --runs 200</code>, then '
    "<code>swing report</code> again: the answer appears here.</p>"
)
FORMS: dict[Statistic, tuple[Form, str]] = {
    Statistic.TRACK_RECORD: (formed(ratio, 1), " years"),
    Statistic.OVERFITTING: (formed(percent, 0), ""),
    Statistic.PURGED_PATHS: (formed(percent, 0), " of paths lose"),
    Statistic.REALITY_CHECK: (probability, " (p)"),
}


def walk_forward(facts: Facts, curves: Curves) -> PageSection:
    """Show the out-of-sample equity, and the choice of each fold."""
    selection = facts.selection
    objective = METRICS[Metric(selection.objective)]
    said = (
        f"Every {selection.test_months} months the best {objective} of the "
        f"{selection.train_months} months before is chosen, and lived with: {len(selection.folds)} folds. The choice "
        f"changed {selection.changes} times."
    )
    body = (
        Shown(
            performance.equity("walk_forward", "Growth, chosen honestly", curves.since, facts.provenance.initial_equity)
        ),
        paragraph(said),
        Shown(pictures_of_selection.choices(selection)),
        table(
            "How often each value was chosen",
            ["Parameter", "Folds by value", "At the edge of the grid"],
            [_tally_row(tally) for tally in selection.tallies],
        ),
        folded(
            "Every fold",
            table(
                "Folds of the walk-forward",
                [
                    "Test from",
                    "Last session",
                    "Parameters",
                    capitalised(METRICS[Metric(selection.objective)]),
                    "Sharpe before",
                    "after",
                    "Return",
                ],
                [_fold_row(fold) for fold in selection.folds],
            ),
        ),
        caveat(
            "One path through one history: other fold lengths, or a start a month later, give other lines. Parameters "
            "that jump from fold to fold say that the objective's peak is noise; choices at the edge say that the "
            "grid may be too small."
        ),
    )
    lead = (
        "The only line here that nobody could have bent: its parameters knew nothing of the months they were tested on."
    )
    return PageSection("walk-forward", "Walk-forward: parameters chosen without hindsight", lead, body)


def before_and_after(facts: Facts, curves: Curves) -> PageSection:
    """Compare in sample with out of sample."""
    common = {each.name: each for each in facts.common if not isinstance(each, Missing)}
    whole = {each.name: each for each in facts.whole if not isinstance(each, Missing)}
    rows = [
        row("Winners, in the months they were chosen on", number(facts.selection.trained, ratio), "mean over folds"),
        *(_sharpe_row(f"{LIVE}, all sessions", whole[name]) for name in (LIVE,) if name in whole),
        *(_sharpe_row(f"{LIVE}, sessions of the walk-forward", common[name]) for name in (LIVE,) if name in common),
        row(
            "Median strategy of the grid, all sessions",
            number(facts.luck.median, ratio),
            f"of {len(facts.luck.sharpe)}",
        ),
        *(_sharpe_row("Winners, in the months after", common[name]) for name in (WALK_FORWARD,) if name in common),
    ]
    last = curves.walk_forward.sessions[-1]
    body = (
        Shown(pictures_of_selection.before_and_after(facts.selection)),
        table("Sharpe ratios, from the most flattering down", ["", "Sharpe ratio", "Interval or kind"], rows),
        caveat(
            f"Each dot is a few dozen sessions up to {day(last)}, so it scatters by several units either way; all of "
            "them together, the last row, are what counts. Train windows overlap, so the dots are fewer than they "
            "look."
        ),
    )
    lead = "What a winner showed when it was chosen, and what it showed afterwards."
    return PageSection("before-and-after", "In sample against out of sample", lead, body)


def permuted(facts: Facts) -> PageSection:
    """Show the histogram of permuted worlds, or say how to make it."""
    lead = "If the order of days is shuffled there is nothing to find. How often does the search find as much?"
    tests = facts.luck.permutations
    if not tests:
        return PageSection("permuted", "Permutation test", lead, (Html(HOW_TO_PERMUTE),))
    newest = tests[0]
    rows = [_permutation_row(test) for test in tests]
    heads = ["Test", "Worlds", "Best of the grid", "p", "Live parameters", "p"]
    note = caveat(
        "Shuffling keeps each day's moves of all symbols together and destroys everything between days, calm and "
        "storm as well; p cannot be below 1 in the number of worlds. A small p says that the order of days mattered, "
        "not that it will again."
    )
    body = (Shown(judgement.permutations(newest)), table("Permutation tests", heads, rows), note)
    return PageSection("permuted", "Permutation test", lead, body)


def luck(facts: Facts) -> PageSection:
    """Put each statistic of overfitting into words."""
    found = facts.luck
    marks = {LIVE: next((point.values[Metric.SHARPE] for point in facts.selection.points if point.is_live), None)}
    honest = facts.common[0]
    if not isinstance(honest, Missing):
        marks[WALK_FORWARD] = honest.metrics[Metric.SHARPE].estimate
    marks["Luckiest worthless one"] = found.expected_best
    known = {name: value for name, value in marks.items() if value is not None}
    body: list[Html | Shown] = [Shown(judgement.trials(found, known))]
    if not isinstance(found.trials, Missing):
        trials = found.trials
        body.append(
            paragraph(
                Html(
                    f"{trials.recorded} strategies were tried and every one is on record; they correlate by "
                    f"{number(trials.average_correlation, ratio)} on average, so they are worth about "
                    f"{number(trials.effective, formed(ratio, 0))} independent ones."
                )
            )
        )
    body.append(Html(f'<div class="cards">{"".join(_card(each) for each in found.judgements)}</div>'))
    body += [missing(Missing(each.reason), f"{each.statistic} ({each.about})") for each in found.unanswered]
    body.append(
        caveat(
            "Trials that nobody recorded, the choice of this universe and of this idea among them, are in none of "
            "these numbers; each of them makes the truth worse. The Sharpe ratios take sessions as independent. The "
            "marks of the picture do not all cover the same sessions."
        )
    )
    lead = (
        "Try enough strategies and one looks good. These statistics ask how good the best of as many worthless ones "
        "looks."
    )
    return PageSection("luck", "The part of luck", lead, tuple(body))


def parameter_map(facts: Facts) -> PageSection:
    """Show the grid as a landscape."""
    selection = facts.selection
    near = selection.neighbourhood
    said = (
        missing(near, "How the live parameters stand among their neighbours")
        if isinstance(near, Missing)
        else paragraph(
            Html(
                f"The live parameters rank {number(near.rank, formed(ratio, 0))} of {near.trials} by Sharpe ratio. "
                f"Their {near.neighbours} neighbours, one step of one parameter away, have {number(near.mean, ratio)} "
                f"on average and {number(near.low, ratio)} at worst, against {number(near.live, ratio)}."
            )
        )
    )
    body = (
        Shown(pictures_of_selection.parameter_map(selection, Metric.SHARPE, "Sharpe ratio")),
        Shown(pictures_of_selection.parameter_map(selection, Metric.CALMAR, "Calmar ratio")),
        said,
        caveat(
            "All sessions, after costs, mean over the correlation caps: hindsight throughout. The frame holds the live "
            "parameters. The intervals of "
            "neighbouring cells overlap almost wholly, so differences within a plateau are chance."
        ),
    )
    lead = "A good place to stand is a plateau: where one step to either side changes little."
    return PageSection("map", "The map of the grid", lead, body)


def _tally_row(tally: Tally) -> tuple[str | Html, ...]:
    counts = ", ".join(f"{value:g}: {count}" for value, count in tally.counts.items())
    return row(tally.parameter, counts, number(tally.at_edge, formed(percent, 0)))


def _fold_row(fold: FoldResult) -> tuple[str | Html, ...]:
    parameters = " / ".join(f"{value:g}" for value in fold.parameters.values())
    scores = [number(each, ratio) for each in (fold.objective, fold.trained, fold.tested)]
    return row(day(fold.test_start), day(fold.last), parameters, *scores, number(fold.total, gain))


def _sharpe_row(name: str, measured: MeasuredSeries) -> tuple[str | Html, ...]:
    found = measured.metrics[Metric.SHARPE]
    return row(name, number(found.estimate, ratio), Html(f"{number(found.low, ratio)} to {number(found.high, ratio)}"))


def _permutation_row(test: RecordedPermutations) -> tuple[str | Html, ...]:
    cells = [
        cell for each in (test.best, test.live) for cell in (number(each.real, ratio), number(each.p, probability))
    ]
    return row(test.description, str(test.runs), *cells)


def _card(judged: Judgement) -> str:
    words = judged.words
    form, unit = FORMS.get(words.statistic, (probability, ""))
    value = f"{number(judged.value, form)}{unit}" if judged.value is not None else "never"
    says, silent, remedy = (
        Html(f"<dt>{term}</dt><dd>{text}</dd>")
        for term, text in zip(
            ("Says", "Does not say", "Remedy"),
            map(escape, (words.says, words.does_not_say, words.remedy)),
            strict=True,
        )
    )
    return (
        f'<article class="card"><h3>{escape(words.statistic)}</h3>'
        f'<p class="about">{escape(judged.about)} {badge(words.standing)}</p>'
        f'<p class="value">{value}</p><p>{escape(words.finding)}</p><dl>{says}{silent}{remedy}</dl></article>'
    )
