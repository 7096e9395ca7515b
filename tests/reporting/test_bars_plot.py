"""Bars of test metrics: each model's value stands where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from graphrec_cli.reporting import bars_plot, plots
from graphrec_cli.reporting.bars_plot import draw_test_metrics


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn."""
    figures: list[Figure] = []
    save = plots.save_figure

    def keep(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(bars_plot, "save_figure", keep)
    return figures


def test_a_panel_for_each_metric_and_a_bar_for_each_model(
    drawn: list[Figure], tmp_path: Path
) -> None:
    models = {
        "mf": {"hit@10": 0.3, "hit@20": 0.4, "mrr": 0.1},
        "popularity": {"hit@10": 0.1, "hit@20": 0.2, "mrr": 0.05},
        "ceiling": {"hit@10": 0.5, "mrr": 0.6},
    }
    draw_test_metrics(models, tmp_path / "test.png")
    hit, mrr = drawn[0].axes
    assert (hit.get_title(), mrr.get_title()) == ("test hit", "test mrr")
    assert [label.get_text() for label in hit.get_xticklabels()] == ["@10", "@20"]
    for axis, metrics in ((hit, ["hit@10", "hit@20"]), (mrr, ["mrr"])):
        for bars, values in zip(axis.containers, models.values(), strict=True):
            assert isinstance(bars, BarContainer)
            heights = [bar.get_height() for bar in bars]
            assert heights == [values.get(metric, 0.0) for metric in metrics]
    widths = {
        round(
            bar.get_width() * ax.get_window_extent().width / (ax.get_xlim()[1] - ax.get_xlim()[0]),
            6,
        )
        for ax in (hit, mrr)
        for bars in ax.containers
        for bar in bars
    }
    assert len(widths) == 1
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.get_texts()] == list(models)
    assert (tmp_path / "test.png").stat().st_size > 5000


def test_figures_above_the_bars_only_where_they_fit(drawn: list[Figure], tmp_path: Path) -> None:
    few = {"a": {"hit@10": 0.25}, "b": {"hit@10": 1.5}}
    many = {name: {f"hit@{k}": 0.5 for k in range(1, 8)} for name in "ab"}
    for models in (few, many):
        draw_test_metrics(models, tmp_path / "test.png")
    assert [text.get_text() for text in drawn[0].axes[0].texts] == [".2500", "1.5000"]
    assert not drawn[1].axes[0].texts
