"""Pictures: their titles and marks say what the series say, they are legible, and written whole."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from matplotlib.patches import Rectangle, StepPatch

from research.report.facts.figures import YearlyReturns
from research.report.facts.luck import RecordedPermutations, permuted
from research.report.facts.series import MONTHS, Series, monthly_returns
from research.report.files import write_pictures
from research.report.pictures import judgement, performance, periods
from research.report.pictures.canvas import HALF, NARROW, WIDE, Picture
from research.report.pictures.selection import ParameterMap, landscape

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from research.report.pictures.canvas import Shape

MINUS = "\N{MINUS SIGN}"


def series(start: str, returns: list[float], name: str = "Live parameters") -> Series:
    """Returns on consecutive business days."""
    return Series(name, "", pd.bdate_range(start, periods=len(returns)), np.array(returns))


def months(*parts: Series) -> pd.DataFrame:
    """Monthly returns of parts one after the other."""
    days = [day for part in parts for day in part.sessions]
    return monthly_returns(Series("", "", pd.DatetimeIndex(days), np.concatenate([part.returns for part in parts])))


def texts(figure: Figure) -> list[str]:
    """Everything written inside the first axes, ticks aside."""
    return [text.get_text() for text in figure.axes[0].texts]


def named(figure: Figure) -> list[str]:
    """The names of the lines, in the order of the legend."""
    legend = figure.axes[0].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def test_equity_says_start_end_and_dates() -> None:
    """The title speaks of the first series: from its initial equity to its last, with the dates."""
    live = series("2024-01-01", [0.1, 0.5])
    picture = performance.equity_found("equity", [live, series("2024-01-02", [-0.2], "Other")], 10_000)
    assert picture.title == "Equity: $10,000 became $16,500 (+65%)"
    assert picture.note == "Live parameters, 2024-01-01 to 2024-01-02, after costs; logarithmic scale"
    figure = picture.draw(WIDE)
    assert named(figure) == ["Live parameters: $16,500", "Other: $8,000"]
    assert figure.axes[0].get_yscale() == "log"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (0.08, ["$10,000", "$10,200", "$10,400", "$10,600", "$10,800"]),
        (6.0, ["$10,000", "$15,000", "$20,000", "$30,000", "$50,000", "$70,000"]),
        (99.0, ["$10,000", "$20,000", "$50,000", "$100,000", "$200,000", "$500,000", "$1,000,000"]),
    ],
)
def test_equity_axis_has_plain_round_dollars(last: float, expected: list[str]) -> None:
    """Whatever the range, the logarithmic axis shows several round amounts in plain dollars."""
    figure = performance.equity_found("equity", [series("2024-01-01", [0, last])], 10_000).draw(WIDE)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    labels = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert [label.get_text() for place, label in labels if low <= place <= high] == expected


def test_worst_drawdown_is_marked_with_date_depth_peak_and_recovery() -> None:
    """The deepest point of the first series is named, with the peak before and the way out."""
    main = series("2024-01-01", [0.25, -0.2, -0.5, 1.0, 1.0, -0.1])
    picture = performance.drawdowns_found("drawdown", [main, series("2024-01-01", [-0.9], "Other")])
    assert picture.title == f"Drawdown: at worst {MINUS}60.0%, on 2024-01-03"
    figure = picture.draw(WIDE)
    assert texts(figure) == [f"{MINUS}60.0% on 2024-01-03\nfrom 2024-01-01, recovered 2024-01-05"]
    assert named(figure) == ["Live parameters", "Other"]


def test_drawdown_from_the_start_that_lasts_is_told_so() -> None:
    """A loss from the first session on starts there, and has no recovery."""
    figure = performance.drawdowns_found("drawdown", [series("2024-01-01", [-0.1, -0.1])]).draw(WIDE)
    assert texts(figure) == [f"{MINUS}19.0% on 2024-01-02\nfrom 2024-01-01, not yet recovered"]
    assert named(figure) == []


def test_no_drawdown_marks_nothing() -> None:
    """A series that only rises has a picture without a mark."""
    picture = performance.drawdowns_found("drawdown", [series("2024-01-01", [0.1, 0.1])])
    assert picture.title == "Drawdown: at worst 0.0%, on 2024-01-01"
    assert texts(picture.draw(WIDE)) == []


def test_monthly_returns_compound_by_calendar_month_and_year() -> None:
    """Hand-computed: 1.1 x 1.1, 0.5, and their product; months without a session are null."""
    table = months(series("2024-01-30", [0.1, 0.1, -0.5]), series("2025-03-03", [0.2]))
    assert list(table.columns) == ["year", *MONTHS, "Year"]
    assert list(table["year"]) == [2024, 2025]
    assert table[["Jan", "Feb", "Year"]].to_numpy()[0] == pytest.approx([0.21, -0.5, -0.395])
    assert table[["Mar", "Year"]].to_numpy()[1] == pytest.approx([0.2, 0.2])
    assert table.notna().sum().sum() == 5 + 2


def test_months_are_written_and_their_extremes_named() -> None:
    """Cells hold signed per cent, zero without a sign; the title counts and the note names the extremes."""
    picture = periods.months("months", months(series("2024-01-31", [0.1, -0.5]), series("2024-04-01", [-0.00001, 0.0])))
    assert picture.title == "Monthly returns: 1 up, 2 down"
    assert picture.note.endswith(f"best +10.0% in Jan 2024, worst {MINUS}50.0% in Feb 2024")
    assert texts(picture.draw(WIDE)) == ["+10.0", f"{MINUS}50.0", "0.0", f"{MINUS}45.0"]


def test_months_are_blue_for_gains_and_red_for_losses() -> None:
    """Colours are centred at zero: no return is nearly white, gains are blue, losses red."""
    parts = [series(f"2024-0{month}-01", [value]) for month, value in ((1, 0.1), (2, -0.1), (3, 0.0))]
    shades = periods.months("months", months(*parts)).draw(WIDE).axes[0].collections[0].get_array()
    gain, loss, flat = np.asarray(shades).reshape(-1, 4)[:3, :3]
    assert gain[2] > 0.6 > gain[0]
    assert loss[0] > 0.6 > loss[2]
    assert min(flat) > 0.95


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
def test_twenty_years_of_months_fit(shape: Shape) -> None:
    """With 20 years no number is wider than its cell."""
    picture = periods.months("months", monthly_returns(series("2005-01-03", [-0.004, 0.004] * 2_600)))
    figure = picture.draw(shape)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.transData.transform([(1, 0)])[0][0] - axes.transData.transform([(0, 0)])[0][0]
    assert len(axes.texts) >= 240
    assert all(text.get_window_extent().width < cell for text in axes.texts)


@pytest.mark.parametrize(
    ("real", "heading"), [(1.5, "Walk-forward: p = 0.50"), (None, "Walk-forward: p = 1.00, not defined in history")]
)
def test_permuted_worlds_say_what_history_reached(real: float | None, heading: str) -> None:
    """Each panel names the choice, its p and history's objective, or that there is none."""
    best, live = permuted(real, [1.0, 2.0, None]), permuted(1.0, [0.5, 0.5, 0.5])
    found = RecordedPermutations("test", "", "Walk-forward", 3, best, live)
    first, second = judgement.permutations(found).draw(WIDE).axes
    assert first.get_title("left") == heading
    assert [text.get_text() for text in first.texts] == ([] if real is None else ["History 1.50"])
    assert second.get_title("left") == "Live parameters: p = 0.25"


def test_a_landscape_frames_the_winner_and_leaves_the_undefined_blank() -> None:
    """A cell a value, none where there is none, a frame around the chosen one."""
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    shown = ParameterMap("", ("slow", (40, 50)), ("fast", (5, 8)), values, frozenset({(1, 1)}))
    figure = landscape("map", "Map", "A map.", [shown]).draw(WIDE)
    assert texts(figure) == ["1.00", "2.00", "3.00"]
    assert [patch.get_extents().get_points()[0] for patch in figure.axes[0].patches if not patch.get_fill()] == [
        pytest.approx(figure.axes[0].transData.transform((1, 2)))
    ]


def test_a_landscape_of_nothing_is_drawn() -> None:
    """Where no value is defined there are axes without cells."""
    empty = ParameterMap("", ("slow", (40,)), ("fast", (5,)), np.array([[np.nan]]), frozenset({(0, 0)}))
    assert texts(landscape("map", "Map", "A map.", [empty]).draw(WIDE)) == []


@pytest.mark.parametrize(("across", "is_written"), [(12, True), (40, False)])
def test_a_map_is_written_into_while_its_cells_have_room(across: int, is_written: bool) -> None:  # noqa: FBT001
    """A dozen values across are numbers; forty would not be read, and stay colours."""
    values = np.linspace(0, 2, 3 * across).reshape(3, across)
    shown = ParameterMap("", ("slow", (40, 50, 80)), ("fast", range(across)), values, frozenset())
    assert bool(texts(landscape("map", "Map", "A map.", [shown, shown]).draw(WIDE))) == is_written


@pytest.mark.parametrize("shape", [WIDE, HALF, NARROW], ids=["wide", "half", "narrow"])
def test_a_legend_stays_inside_its_picture(shape: Shape) -> None:
    """The names of five series take as many rows as they need."""
    names = ("Walk-forward", "Live parameters", "SPY", "60/40", "Equal weight")
    figure = performance.equity("equity", "", [series("2024-01-01", [0.1, 0.2], name) for name in names], 1e4).draw(
        shape
    )
    figure.draw_without_rendering()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_window_extent().x1 <= shape.width


def test_years_stand_beside_each_other() -> None:
    """A bar a year and series, none where a series has no session, and the gains are counted."""
    found = YearlyReturns((2023, 2024), {"Live parameters": (0.1, -0.2), "SPY": (None, 0.3)})
    picture = periods.years(found, ["Live parameters", "SPY"])
    assert "Live parameters gained in 1 of 2 years; SPY gained in 1 of 1 years" in picture.alt
    heights = [patch.get_height() for patch in picture.draw(WIDE).axes[0].patches if isinstance(patch, Rectangle)]
    assert [height for height in heights if not np.isnan(height)] == [0.3, 0.1, -0.2]


def test_a_distribution_is_of_shares() -> None:
    """The steps of a series add up to all of its months."""
    picture = periods.distribution({"Live parameters": np.array([0.01, 0.02, -0.03, np.nan])})
    (step,) = [patch for patch in picture.draw(HALF).axes[0].patches if patch.get_label() == "Live parameters"]
    assert isinstance(step, StepPatch)
    heights, *_ = step.get_data()
    assert sum(heights) == pytest.approx(1)


@pytest.fixture
def equity() -> Picture:
    """A picture of two sessions."""
    return performance.equity_found("equity", [series("2024-01-01", [0.1, -0.1])], 10_000)


def test_a_written_picture_has_the_same_bytes_each_time(equity: Picture, tmp_path: Path) -> None:
    """Folders are made; drawing again gives the same file."""
    folder = tmp_path / "reports"
    (path,) = write_pictures(folder, [equity]).values()
    assert imread(path).shape[:2] == (741, 1440)
    first = path.read_bytes()
    write_pictures(folder, [equity])
    assert path.read_bytes() == first
    assert [file.name for file in folder.iterdir()] == ["equity.png"]


def test_a_failed_write_keeps_what_was_there(equity: Picture, tmp_path: Path) -> None:
    """A picture that cannot be put in place leaves what was there, and no unfinished file."""
    path = tmp_path / "equity.png"
    (path / "occupied").mkdir(parents=True)
    with pytest.raises(OSError, match=r"equity\.png"):
        write_pictures(tmp_path, [equity])
    assert [file.name for file in tmp_path.iterdir()] == ["equity.png"]
    assert (path / "occupied").is_dir()


@pytest.mark.parametrize("returns", [[0.0], [0.01], [0.0, 0.0], [-0.5, 1.0]])
def test_the_shortest_histories_are_drawn(returns: list[float]) -> None:
    """One session, and sessions without a move, have pictures."""
    shown = series("2024-01-02", returns)
    monthly = periods.months("months", monthly_returns(shown))
    for picture in (performance.equity_found("e", [shown], 1e4), performance.drawdowns_found("d", [shown]), monthly):
        assert picture.png().startswith(b"\x89PNG")
        assert picture.drawing().phone.width == NARROW.width


def test_the_day_of_a_fall_stands_at_its_session() -> None:
    """The mark lies on the line: at the trough's day and depth."""
    shown = series("2024-01-01", [0.1, -0.2, 0.1])
    figure = performance.drawdowns_found("drawdown", [shown]).draw(WIDE)
    mark = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert pd.DatetimeIndex(np.asarray(mark.get_xdata())).date.tolist() == [date(2024, 1, 2)]
    assert np.asarray(mark.get_ydata()) == pytest.approx(np.array([-0.2]))
