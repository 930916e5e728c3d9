"""Words and rows that templates ask for: what takes more than a look at one fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from research.report.facts.series import Missing
from research.report.formats import METRIC_FORMS, formed, gain, month, p_value, percent, probability, ratio
from research.report.names import LIVE, METHODS, METRICS, Statistic, capitalised
from research.report.page.elements import number
from research.statistics.metrics import Metric
from research.statistics.risk import HORIZONS, LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from research.report.facts.figures import SeriesFigures
    from research.report.facts.gathering import Facts
    from research.report.facts.inquiries import Inquiry
    from research.report.facts.luck import Judgement
    from research.report.facts.risk import BookRisk, Exposure
    from research.report.facts.selection import Tally
    from research.report.facts.series import MeasuredSeries
    from research.report.formats import Form
    from research.statistics.risk import TailRisk

    Line = tuple[str, list[Markup]]

FORMS: dict[Statistic, tuple[Form, str]] = {
    Statistic.TRACK_RECORD: (formed(ratio, 1), " years"),
    Statistic.OVERFITTING: (formed(percent, 0), ""),
    Statistic.PURGED_PATHS: (formed(percent, 0), " of paths lose"),
    Statistic.REALITY_CHECK: (lambda value, /: p_value(value or 0.0), ""),
}
TAIL_HEADS = ("Method", *(f"{n} day{'s' * (n > 1)}, {percent(level, 0)}" for n in HORIZONS for level in LEVELS))
SEARCH_METHODS = {"search": "Search", "ensemble": "Ensemble of the best", "grid": "Grid"}
TRADE_HEADS = ("Symbol", "Bought", "Sold", "Sessions", "Weight", "Gain")


def tail_rows(risks: Sequence[TailRisk]) -> Iterator[tuple[str, list[TailRisk]]]:
    """Yield each method with its risks, in the order of `TAIL_HEADS`."""
    found = {(risk.method, risk.horizon.sessions, risk.horizon.level): risk for risk in risks}
    for method, name in METHODS.items():
        yield name, [found[method, sessions, level] for sessions in HORIZONS for level in LEVELS]


def figure_tables(found: Sequence[SeriesFigures]) -> list[tuple[str, list[Line]]]:
    """Return the figures of all series, one line a figure, in two tables with captions."""

    def line(name: str, value: Callable[[SeriesFigures], float | None], form: Form) -> Line:
        return name, [number(value(each), form) for each in found]

    def metric(which: Metric) -> Line:
        name = capitalised(METRICS[which])
        return name, [number(each.metrics[which], METRIC_FORMS[which]) for each in found]

    earned = [
        line("Total return", lambda each: each.total, formed(gain, 1)),
        metric(Metric.CAGR),
        metric(Metric.VOLATILITY),
        metric(Metric.SHARPE),
        line("Sortino ratio", lambda each: each.sortino, ratio),
        metric(Metric.CALMAR),
        metric(Metric.PROFIT_FACTOR),
        metric(Metric.MAX_DRAWDOWN),
        line("Longest drawdown, days", lambda each: each.longest_drawdown, formed(ratio, 0)),
    ]
    shaped = [
        *(
            line(
                f"{capitalised(period)}s with a gain",
                lambda each, period=period: each.periods[period].win_rate,  # type: ignore[misc]
                formed(percent, 0),
            )
            for period in ("day", "month", "year")
        ),
        line("Skewness", lambda each: each.skewness, ratio),
        line("Kurtosis", lambda each: each.kurtosis, ratio),
        line("Alpha a year", lambda each: each.against.alpha if each.against else None, gain),
        line("Beta", lambda each: each.against.beta if each.against else None, ratio),
        line("Correlation", lambda each: each.against.correlation if each.against else None, ratio),
    ]
    return [("Return and risk", earned), ("Shape, and the benchmark", shaped)]


def flattering(facts: Facts) -> list[tuple[str, MeasuredSeries]]:
    """Return the live parameters over all sessions and over those of the walk-forward, where measured."""
    common = [each for each in facts.common if not isinstance(each, Missing) and each.name == LIVE]
    whole = [] if isinstance(facts.whole, Missing) else [facts.whole]
    return [
        (f"{LIVE}, {where}", each)
        for where, part in (("all sessions", whole), ("sessions of the walk-forward", common))
        for each in part
    ]


def block_lengths(measured: Sequence[MeasuredSeries]) -> str:
    """Tell the mean block of each series."""
    return ", ".join(f"{each.name} {ratio(each.block_length, 0)}" for each in measured)


def tally_text(tally: Tally) -> str:
    """Tell how often each value was chosen."""
    return ", ".join(f"{value:g}: {count}" for value, count in tally.counts.items())


def parameters_text(parameters: Mapping[str, float]) -> str:
    """Tell the parameters of a fold."""
    return " / ".join(f"{value:g}" for value in parameters.values())


def judgement_value(judged: Judgement) -> Markup:
    """Write the number of a judgement with its unit."""
    form, unit = FORMS.get(judged.words.statistic, (probability, ""))
    return Markup("never") if judged.value is None else number(judged.value, form) + unit


def book_text(book: BookRisk) -> str:
    """Tell the weights of a book."""
    held = [f"{symbol} {percent(weight)}" for symbol, weight in book.weights.items()]
    return ", ".join([*held, f"cash {percent(book.cash)}"])


def time_in_market(exposure: Exposure) -> str:
    """Tell the share of sessions with a position."""
    return percent(1 - exposure.in_cash)


def crisis_notes(facts: Facts) -> list[str]:
    """Say what the crises leave out."""
    risk, notes = facts.risk, []
    if risk.not_replayed:
        skipped = ", ".join(f"{window.name} ({month(window.first)})" for window in risk.not_replayed)
        notes.append(f"Not in the bars, so not replayed: {skipped}.")
    if facts.provenance.is_made_up:
        notes.append("A made-up market lived through none of them.")
    if without := sorted({symbol for crisis in risk.crises for each in crisis.replays for symbol in each.without}):
        notes.append(f"* {', '.join(without)} had no bars yet: that weight counts as cash, which flatters the book.")
    if risk.crises:
        notes.append(
            "Returns within each window, the max drawdown inside it below; books are brought back to their weights at "
            "every close, without costs. Each crisis is one event: no interval can be given, and the next one will be "
            "another."
        )
    return notes


def search_winner(search: Inquiry) -> str:
    """Tell the parameters of a search's newest winner."""
    return ", ".join(f"{name} {value:g}" for name, value in search.found["stability"]["winner"].items())


def warm_up_rows(warm: Inquiry) -> list[tuple[int, str, int]]:
    """Return, for each length of history, the largest difference over all indicators, and the undefined rows."""
    lengths = sorted({each["history"] for each in warm.found})
    parts = {length: [each for each in warm.found if each["history"] == length] for length in lengths}
    return [
        (length, f"{max(each['difference'] for each in part):.0e}", sum(each["undefined"] for each in part))
        for length, part in parts.items()
    ]


def warm_up_text(warm: Inquiry) -> str:
    """Tell how far the longest short history leaves an indicator from its value after the whole one."""
    length, difference, undefined = warm_up_rows(warm)[-1]
    missing = f", and {undefined} are not defined" if undefined else ""
    beside = "from its value after the whole history"
    return f"After {length} sessions an indicator differs {beside} by at most {difference}{missing}."


def strength(value: float, reach: float) -> str:
    """Return the strength of a cell's colour, from 0 to 1; `reach` is the return that has the full one."""
    return f"{min(abs(value) / reach, 1):.2f}"
