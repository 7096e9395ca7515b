"""When the curves of a run in training are drawn, and what a failure does."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import TINY, call
from hypothesis import given
from hypothesis import strategies as st
from made_runs import history_row
from matplotlib.image import imread

from graphrec_cli.errors import OutputError
from graphrec_cli.reporting import live_curves, run_plots
from graphrec_cli.reporting.curves_plot import draw_curves
from graphrec_cli.reporting.live_curves import EVERY_S, FIRST_S, SHARE, LiveCurves


class Clock:
    """A clock that stands still between two calls of ``pass_time``."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


@given(
    epochs=st.lists(st.floats(0.01, 500), max_size=80),
    cost=st.floats(0.001, FIRST_S),
)
def test_drawing_costs_less_than_its_share(epochs: list[float], cost: float) -> None:
    clock, drawn = Clock(), []

    def draw(history: Sequence[Mapping[str, Any]]) -> None:
        drawn.append(clock.now)
        clock.pass_time(cost)

    live, waited = LiveCurves(draw, clock), 0.0
    for seconds in epochs:
        clock.pass_time(seconds)
        before = len(drawn)
        live.after_epoch([])
        elapsed = clock.now - 1000.0
        assert len(drawn) * cost <= SHARE * elapsed + 1e-9
        waited = 0.0 if len(drawn) > before else waited + seconds
        # Nor is it put off longer than one of its limits asks.
        assert waited <= max(EVERY_S, (len(drawn) + 1) * max(cost, FIRST_S) / SHARE) + seconds
    assert all(later - at >= EVERY_S for at, later in pairwise(drawn))


def test_a_first_picture_that_takes_long_puts_off_the_next() -> None:
    clock, drawn = Clock(), []

    def draw(history: Sequence[Mapping[str, Any]]) -> None:
        drawn.append(clock.now - 1000)
        clock.pass_time(12.0 if len(drawn) == 1 else 1.0)

    live = LiveCurves(draw, clock)
    while clock.now < 1000 + 6000:
        clock.pass_time(10)
        live.after_epoch([])
    assert drawn[0] == FIRST_S / SHARE == 400
    assert drawn[1] >= 2400


def test_a_failure_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    clock, calls = Clock(), []

    def draw(history: Sequence[Mapping[str, Any]]) -> None:
        calls.append(history)
        raise OutputError("cannot write curves.png: No space left on device")

    live = LiveCurves(draw, clock)
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        for _ in range(5):
            clock.pass_time(10_000)
            live.after_epoch([history_row(1, None)])
    assert len(calls) == 1
    (record,) = caplog.records
    assert "No space left on device" in record.getMessage()


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw after every epoch."""
    monkeypatch.setattr(live_curves, "EVERY_S", 0.0)
    monkeypatch.setattr(live_curves, "FIRST_S", 0.0)
    monkeypatch.setattr(live_curves, "SHARE", 1e9)


@pytest.mark.slow
@pytest.mark.usefixtures("always")
def test_a_run_draws_its_whole_history_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[int]] = []
    real = draw_curves

    def keep(history: Sequence[Mapping[str, Any]], *arguments: Any) -> None:
        drawn.append([row["epoch"] for row in history])
        real(history, *arguments)

    monkeypatch.setattr(run_plots, "draw_curves", keep)
    done = call(tmp_path, "train", *TINY, "plots=true")
    assert done.code == 0, done.err
    assert drawn == [[1], [1, 2], [1, 2]]
    assert sorted(path.name for path in (done.run / "plots").iterdir()) == [
        "curves.png",
        "test.png",
    ]
    first = imread(done.run / "plots" / "curves.png")
    (done.run / "status.json").write_text('{"status": "interrupted"}', encoding="utf-8")
    again = call(tmp_path, "train", f"resume={done.run}", "trainer.epochs=3")
    assert again.code == 0, again.err
    assert drawn[3:] == [[1, 2, 3], [1, 2, 3]]
    assert (imread(done.run / "plots" / "curves.png") != first).any()


@pytest.mark.slow
@pytest.mark.usefixtures("always")
def test_a_run_that_cannot_draw_trains_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failing = draw_curves, [True]

    def fail(history: Sequence[Mapping[str, Any]], *arguments: Any) -> None:
        if failing:
            failing.pop()
            raise RuntimeError("no font")
        real(history, *arguments)

    monkeypatch.setattr(run_plots, "draw_curves", fail)
    done = call(tmp_path, "train", *TINY, "plots=true")
    assert done.code == 0
    assert (
        done.err.count("the curves are not drawn while the run trains: RuntimeError: no font") == 1
    )
    # At the end they are.
    assert (done.run / "plots" / "curves.png").is_file()
