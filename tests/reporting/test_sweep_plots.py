"""The pictures of sweeps and searches: panels, points and their places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from graphrec_cli.reporting import search_plots, sweep_plots
from graphrec_cli.results.sweep_summary import Figure as Value
from graphrec_cli.results.sweep_summary import Group, Ranking


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn."""
    figures: list[Figure] = []
    for module in (sweep_plots, search_plots):
        new_figure = module.new_figure

        def keep(*size: float, make: Any = new_figure) -> Figure:
            figures.append(make(*size))
            return figures[-1]

        monkeypatch.setattr(module, "new_figure", keep)
    return figures


def places(line: Line2D) -> tuple[list[float], list[float]]:
    """Horizontal and vertical places of a line's points."""
    x, y = (np.asarray(data, dtype=np.float64).tolist() for data in line.get_data())
    return x, y


def group(run: int, valid: float, **values: str) -> Group:
    figures = {"ndcg@10": Value(valid, 0.01)}
    return Group(values=values, runs=[run], valid=figures, test={}, baselines={})


def ranking(*groups: Group) -> Ranking:
    return Ranking(metric="ndcg@10", lower_is_better=False, groups=list(groups))


def test_a_panel_for_each_swept_key(drawn: list[Figure], tmp_path: Path) -> None:
    groups = [
        group(1, 0.3, learning_rate="0.001", model="mf"),
        group(2, 0.2, learning_rate="0.1", model="lightgcn"),
    ]
    sweep_plots.draw_sweep([ranking(*groups)], tmp_path / "sweep.png")
    rate, model = drawn[0].axes
    assert (rate.get_xlabel(), rate.get_xscale()) == ("learning_rate", "log")
    assert rate.get_ylabel() == "valid ndcg@10"
    assert [label.get_text() for label in model.get_xticklabels()] == ["mf", "lightgcn"]
    points = {(x[0], y[0]) for x, y in map(places, rate.lines) if len(x) == 1}
    assert {(0.001, 0.3), (0.1, 0.2)} <= points
    assert (tmp_path / "sweep.png").stat().st_size > 5000


def test_more_than_two_keys_are_also_drawn_together(drawn: list[Figure], tmp_path: Path) -> None:
    groups = [group(n, n / 10, a=str(n), b=str(-n), c="xyz"[n]) for n in range(3)]
    sweep_plots.draw_sweep([ranking(*groups[::-1])], tmp_path / "sweep.png")
    *keys, together = drawn[0].axes
    assert [axis.get_xlabel() for axis in keys] == ["a", "b", "c"]
    assert len(together.lines) == 3
    heights = sorted(places(line)[1] for line in together.lines)
    assert heights == [[0, 1, 0, 0], [0.5, 0.5, 0.5, 0.5], [1, 0, 1, 1]]


def test_nothing_is_drawn_without_swept_values(tmp_path: Path) -> None:
    sweep_plots.draw_sweep([ranking(group(1, 0.3))], tmp_path / "sweep.png")
    assert list(tmp_path.iterdir()) == []


def test_the_history_of_a_search(drawn: list[Figure], tmp_path: Path) -> None:
    history: list[tuple[int, str, float | None]] = [
        (0, "completed", 0.3),
        (1, "pruned", 0.1),
        (2, "failed", None),
        (3, "completed", 0.2),
    ]
    search_plots.draw_search(
        history, {"a": 0.7, "b": 0.3}, tmp_path / "s.png", "rmse", lower_is_better=True
    )
    trials, importance = drawn[0].axes
    completed, pruned, best = trials.lines
    assert places(completed)[0] == [1, 4]
    assert places(pruned)[0] == [2]
    assert places(best)[1] == [0.3, 0.2]
    assert [label.get_text() for label in importance.get_yticklabels()] == ["b", "a"]
