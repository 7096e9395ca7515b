"""The pictures of a run: its curves while it trains, and all of them at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.reporting.bars_plot import draw_test_metrics
from graphrec_cli.reporting.curves_plot import draw_curves
from graphrec_cli.reporting.live_curves import LiveCurves
from graphrec_cli.rundir.directory import RunDirectory, make_folder


def live_curves(
    config: RunConfig, run: RunDirectory, floor: Mapping[str, Any] | None
) -> LiveCurves:
    """Keeps ``plots/curves.png`` up to date while the run trains.

    Args:
        floor: ``floor`` of metrics.json, if it is known before the training.
    """

    def draw(history: Sequence[Mapping[str, Any]]) -> None:
        _draw_history(config, run, history, _floor(floor))

    return LiveCurves(draw)


def draw_run(
    config: RunConfig,
    run: RunDirectory,
    history: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Any],
) -> None:
    """Draw the curves of a trained model, and the test metrics where there is a test part.

    Args:
        history: one row per epoch; empty for a model that is not trained.
        metrics: the content of metrics.json.

    Raises:
        OutputError: a file cannot be written.
    """
    if history:
        floors = {**metrics["baselines_valid"], **_floor(metrics["floor"])}
        _draw_history(config, run, history, floors)
    if metrics["test"] is not None:
        make_folder(run.plots)
        others = {
            name: values
            for name, values in metrics["baselines"].items()
            if name != config.model.name
        }
        draw_test_metrics({config.model.name: metrics["test"], **others}, run.plots / "test.png")


def _draw_history(
    config: RunConfig,
    run: RunDirectory,
    history: Sequence[Mapping[str, Any]],
    floors: Mapping[str, Mapping[str, float]],
) -> None:
    make_folder(run.plots)
    monitor = config.monitor()
    lower = config.evaluation.lower_is_better(monitor)
    draw_curves(history, run.plots / "curves.png", monitor, lower, floors)


def _floor(floor: Mapping[str, Any] | None) -> dict[str, dict[str, float]]:
    return {} if floor is None else {floor["model"]: {floor["metric"]: floor["valid"]}}
