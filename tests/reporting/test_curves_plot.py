"""Curves: any history gives a complete picture or an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_runs import history_row
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from graphrec_cli.errors import OutputError
from graphrec_cli.reporting import curves_plot, plots
from graphrec_cli.reporting.curves_plot import draw_curves


def history(epochs: int, validate_every: int | None = 1) -> list[dict[str, Any]]:
    rows = []
    for epoch in range(1, epochs + 1):
        value = 0.2 - 0.001 * (epoch - 7) ** 2
        validated = validate_every is not None and epoch % validate_every == 0
        valid = {"ndcg@10": value, "ndcg@20": value + 0.05, "mrr": value / 2}
        rows.append(history_row(epoch, valid if validated else None))
    return rows


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn."""
    figures: list[Figure] = []
    save = plots.save_figure

    def keep(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(curves_plot, "save_figure", keep)
    return figures


def curves(axis: Axes) -> list[list[float]]:
    """The heights of the lines in a panel, without its vertical line."""
    lines = [np.asarray(line.get_ydata(), dtype=np.float64).tolist() for line in axis.lines]
    return [values for values in lines if values != [0, 1]]


@pytest.mark.parametrize(("epochs", "validate_every"), [(1, 1), (2, 2), (10, 3), (300, 1)], ids=str)
def test_a_panel_for_everything_that_a_history_holds(
    epochs: int, validate_every: int, tmp_path: Path, drawn: list[Figure]
) -> None:
    rows = history(epochs, validate_every)
    draw_curves(rows, tmp_path / "curves.png", "ndcg@10")
    panels = [axis for axis in drawn[0].axes if axis.axison]
    titles = [axis.get_title() for axis in panels]
    best = min((row["epoch"] for row in rows if row["valid"]), key=lambda epoch: abs(epoch - 7))
    value = rows[best - 1]["valid"]["ndcg@10"]
    assert titles == [
        "training loss (mean of the steps)",
        f"valid ndcg: ndcg@10 {value:.4f} in epoch {best}",
        "valid mrr",
        "learning rate",
        "examples per second",
    ]
    validated = [row["valid"] for row in rows if row["valid"]]
    assert curves(panels[0]) == [[row["loss"] for row in rows]]
    of_ndcg = [[valid[f"ndcg@{k}"] for valid in validated] for k in (10, 20)]
    assert curves(panels[1]) == [*of_ndcg, [value]]  # the last one is the star
    assert curves(panels[2]) == [[valid["mrr"] for valid in validated]]
    assert curves(panels[4]) == [[1e6] * epochs]
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_a_run_without_validation_has_three_panels(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves(history(5, None), tmp_path / "curves.png", "ndcg@10", floors={"x": {"mrr": 1.0}})
    assert len(drawn[0].axes) == 3
    assert not drawn[0].legends


def test_floors_are_lines_in_the_colour_of_their_metric(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    floors = {"popularity": {"ndcg@10": 0.05, "mrr": 0.02}, "ease": {"ndcg@10": 0.1}}
    draw_curves(history(9), tmp_path / "curves.png", "ndcg@10", floors=floors)
    panel = drawn[0].axes[1]
    ours, *_ = [line for line in panel.lines if len(np.asarray(line.get_ydata())) == 9]
    flat = {np.asarray(line.get_ydata())[0]: line for line in panel.lines}
    for height in (0.05, 0.1):
        assert flat[height].get_color() == ours.get_color()
    assert flat[0.05].get_linestyle() != flat[0.1].get_linestyle()
    assert [0.02, 0.02] in curves(drawn[0].axes[2])
    (legend,) = drawn[0].legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["@10", "@20", "popularity", "ease", "selected epoch"]


def test_the_lowest_value_is_marked_where_less_is_better(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    draw_curves(history(10), tmp_path / "curves.png", "ndcg@10", lower_is_better=True)
    assert drawn[0].axes[1].get_title().endswith("in epoch 1")


@pytest.mark.slow
def test_the_same_history_draws_the_same_picture_over_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_curves(history(3), path, "ndcg@10")
    early = imread(path)
    draw_curves(history(9), path, "ndcg@10")
    late = imread(path)
    draw_curves(history(9), tmp_path / "again.png", "ndcg@10")
    assert not np.array_equal(early, late)
    assert np.array_equal(late, imread(tmp_path / "again.png"))


def test_a_picture_is_opaque_and_white_whatever_the_style(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib

    draw_curves(history(3), tmp_path / "usual.png", "ndcg@10")
    dark: dict[Any, Any] = {
        "axes.facecolor": "black",
        "text.color": "white",
        "savefig.transparent": True,
    }
    with matplotlib.rc_context({**dark, "lines.color": "white", "axes.titlesize": 30}):
        draw_curves(history(3), tmp_path / "dark.png", "ndcg@10")
        assert matplotlib.rcParams["axes.facecolor"] == "black"
    picture = imread(tmp_path / "dark.png")
    assert np.array_equal(imread(tmp_path / "usual.png"), picture)
    assert (picture[..., 3] == 1).all()
    assert (picture[0] == 1).all()


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_first_colours_stand_out_from_the_page_and_from_each_other() -> None:
    first = [luminance(colour) for colour in plots.COLOURS[:3]]
    # 3:1 is what WCAG 2 asks of graphical objects on their background, which is white here.
    assert all(1.05 / (of + 0.05) >= 3 for of in first)
    assert len(set(plots.COLOURS)) == len(plots.COLOURS)


def test_a_history_that_cannot_be_drawn_leaves_the_old_picture(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_curves(history(3), path, "ndcg@10")
    before = path.read_bytes()
    with pytest.raises(KeyError, match="recall@10"):
        draw_curves(history(3), path, "recall@10")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^cannot write [^\n]*curves\.png"):
        draw_curves(history(3), tmp_path / "absent" / "curves.png", "ndcg@10")


@pytest.mark.slow
def test_matplotlib_is_imported_only_to_draw() -> None:
    program = (
        "import sys, graphrec_cli.reporting.run_plots, graphrec_cli.reporting.tables\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
