"""The pictures: what they say is computed right, and they are legible and written whole."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from research.report.pictures import backtest as figures

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure


def daily(start: str, returns: list[float]) -> pd.DataFrame:
    """Rows as of `backtest_daily`, on consecutive business days from 10,000 USD."""
    net = np.array(returns)
    equity = 10_000 * np.cumprod(1 + net)
    return pd.DataFrame(
        {
            "session_date": pd.bdate_range(start, periods=len(returns)),
            "net_return": net,
            "equity": equity,
            "drawdown": equity / np.maximum.accumulate(np.maximum(equity, 10_000)) - 1,
        }
    )


def texts(figure: Figure) -> list[str]:
    """Everything written in a figure, ticks aside."""
    return [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]


def tick_labels(figure: Figure) -> list[str]:
    """The labels of the y axis that lie inside the picture."""
    figures.to_png(figure)
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    return [
        label.get_text()
        for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        if low <= place <= high
    ]


def test_equity_title_says_start_end_and_dates() -> None:
    """The title speaks of the first series: from its initial equity to its last, with the dates."""
    figure = figures.equity_figure({"Live": daily("2024-01-01", [0.1, 0.5]), "Other": daily("2024-01-02", [-0.2])})
    assert "Equity: $10,000 became $16,500 (+65 %)" in texts(figure)
    assert "Live, 2024-01-01 to 2024-01-02, after costs; logarithmic scale" in texts(figure)
    assert {"Live\n$16,500", "Other\n$8,000"} <= set(texts(figure))
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
    assert tick_labels(figures.equity_figure({"Live": daily("2024-01-01", [0, last])})) == expected


def test_names_of_lines_that_end_together_stand_apart() -> None:
    """The names at the ends of five equal lines do not overlap and stay in the picture."""
    figure = figures.equity_figure({f"Line {n}": daily("2024-01-01", [0, 0.1]) for n in range(5)})
    figures.to_png(figure)
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda box: box.y0)
    assert len(boxes) == 5
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert all(figure.bbox.contains(box.x1, box.y1) for box in boxes)


def test_worst_drawdown_is_marked_with_date_depth_peak_and_recovery() -> None:
    """The deepest point of the first series is named, with the peak before and the way out."""
    main = daily("2024-01-01", [0.25, -0.2, -0.5, 1.0, 1.0, -0.1])
    figure = figures.drawdown_figure({"Live": main, "Other": daily("2024-01-01", [-0.9])})
    assert "Drawdown: at worst \N{MINUS SIGN}60.0 %, on 2024-01-03" in texts(figure)
    assert "\N{MINUS SIGN}60.0 % on 2024-01-03\nfrom 2024-01-01, recovered 2024-01-05" in texts(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Live", "Other"]
    assert "\N{MINUS SIGN}80 %" in tick_labels(figure)


def test_drawdown_from_the_start_that_lasts_is_told_so() -> None:
    """A loss from the first session on has no peak but the start, and no recovery."""
    figure = figures.drawdown_figure({"Live": daily("2024-01-01", [-0.1, -0.1])})
    assert "\N{MINUS SIGN}19.0 % on 2024-01-02\nfrom the start, not yet recovered" in texts(figure)
    assert figure.axes[0].get_legend() is None


def test_no_drawdown_marks_nothing() -> None:
    """A series that only rises has a picture without a mark."""
    figure = figures.drawdown_figure({"Live": daily("2024-01-01", [0.1, 0.1])})
    assert figure.axes[0].texts[:] == []
    assert "Drawdown: at worst 0.0 %, on 2024-01-01" in texts(figure)


def test_monthly_returns_compound_by_calendar_month_and_year() -> None:
    """Hand-computed: 1.1 x 1.1, 0.5, and their product; months without a session are null."""
    rows = daily("2024-01-30", [0.1, 0.1, -0.5])
    later = daily("2025-03-03", [0.2])
    table = figures.monthly_returns(pd.concat([rows, later]))
    assert list(table.columns) == [*figures.MONTHS, "Year"]
    assert list(table.index) == [2024, 2025]
    assert table[["Jan", "Feb", "Year"]].loc[2024].to_numpy() == pytest.approx([0.21, -0.5, -0.395])
    assert table[["Mar", "Year"]].loc[2025].to_numpy() == pytest.approx([0.2, 0.2])
    assert table.notna().sum().sum() == 5


def test_heatmap_writes_each_month_and_its_extremes() -> None:
    """Cells hold signed per cent, zero without a sign; the title counts and names the extremes."""
    rows = pd.concat([daily("2024-01-31", [0.1, -0.5]), daily("2024-04-01", [-0.00001, 0.0])])
    figure = figures.monthly_heatmap(rows)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "+10.0",
        "\N{MINUS SIGN}50.0",
        "0.0",
        "\N{MINUS SIGN}45.0",
    ]
    assert "Monthly returns: 1 up, 2 down" in texts(figure)
    assert (
        "2024-01-31 to 2024-04-02, per cent after costs; "
        "best +10.0 % in Jan 2024, worst \N{MINUS SIGN}50.0 % in Feb 2024"
    ) in texts(figure)


def test_heatmap_colours_gains_blue_and_losses_red() -> None:
    """Colours are centred at zero: no return is nearly white, gains are blue, losses red."""
    rows = pd.concat([daily("2024-01-01", [0.1]), daily("2024-02-01", [-0.1]), daily("2024-03-01", [0.0])])
    axes = figures.monthly_heatmap(rows).axes[0]
    gain, loss, flat = (to_rgb(patch.get_facecolor()) for patch in axes.patches[:3])
    assert gain[2] > 0.6 > gain[0]
    assert loss[0] > 0.6 > loss[2]
    assert min(flat) > 0.95


def test_heatmap_of_twenty_years_fits_its_text() -> None:
    """With 20 years every number lies inside its cell, in a picture 1,600 pixels wide."""
    rows = daily("2005-01-03", [-0.004, 0.004] * 2_600)
    figure = figures.monthly_heatmap(rows)
    figures.to_png(figure)
    axes = figure.axes[0]
    cells = [patch.get_window_extent() for patch in axes.patches]
    labels = [text.get_window_extent() for text in axes.texts]
    assert len(cells) == len(labels) >= 240
    assert all(
        cell.x0 < label.x0 and label.x1 < cell.x1 and cell.y0 < label.y0 and label.y1 < cell.y1
        for cell, label in zip(cells, labels, strict=True)
    )
    assert figure.bbox.width == 1600


def test_saved_picture_has_its_size_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    """A picture is 1,600 x 900 pixels; folders are made; drawing again gives the same file."""
    path = tmp_path / "reports" / "equity.png"
    series = {"Live": daily("2024-01-01", [0.1, -0.1])}
    figures.save(figures.equity_figure(series), path)
    assert imread(path).shape[:2] == (900, 1600)
    first = path.read_bytes()
    figures.save(figures.equity_figure(series), path)
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == ["equity.png"]


def test_failed_save_keeps_the_old_picture(tmp_path: Path) -> None:
    """A picture that cannot be put in place leaves what was there, and no unfinished file."""
    path = tmp_path / "equity.png"
    (path / "occupied").mkdir(parents=True)
    with pytest.raises(OSError, match=r"equity\.png"):
        figures.save(figures.equity_figure({"Live": daily("2024-01-01", [0.1])}), path)
    assert [file.name for file in tmp_path.iterdir()] == ["equity.png"]
    assert (path / "occupied").is_dir()
