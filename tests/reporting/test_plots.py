"""Curves: any history gives a complete picture or an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from graphrec_cli.errors import OutputError
from graphrec_cli.reporting.plots import draw_curves


def history(epochs: int, validate_every: int | None = 1) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for epoch in range(1, epochs + 1):
        value = 0.2 - 0.001 * (epoch - 7) ** 2
        validated = validate_every is not None and epoch % validate_every == 0
        rows.append(
            {
                "epoch": epoch,
                "step": 300 * epoch,
                "loss": 0.7 / epoch,
                "learning_rate": 1e-3,
                "seconds": 2.0,
                "triplets_per_second": 1e6,
                "valid": {"ndcg@10": value, "ndcg@20": value + 0.05, "mrr": value / 2}
                if validated
                else None,
            }
        )
    return rows


@pytest.mark.parametrize(("epochs", "validate_every"), [(1, 1), (2, 2), (10, 3), (300, 1)], ids=str)
def test_validated_runs_draw_two_panels(tmp_path: Path, epochs: int, validate_every: int) -> None:
    path = tmp_path / "curves.png"
    draw_curves(history(epochs, validate_every), path, "ndcg@10")
    picture = imread(path)
    middle = picture.shape[1] // 2
    assert picture.shape[1] > 2 * picture.shape[0]
    for panel in (picture[:, :middle], picture[:, middle:]):
        assert panel[..., :3].std() > 0.05
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_a_run_without_validation_draws_the_loss_alone(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_curves(history(5, None), path, "ndcg@10")
    picture = imread(path)
    assert picture.shape[0] < picture.shape[1] < 2 * picture.shape[0]


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


def test_a_history_that_cannot_be_drawn_leaves_the_old_picture(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    draw_curves(history(3), path, "ndcg@10")
    before = path.read_bytes()
    with pytest.raises(KeyError, match="recall@10"):
        draw_curves(history(3), path, "recall@10")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_the_lowest_value_is_marked_where_less_is_better(tmp_path: Path) -> None:
    draw_curves(history(10), tmp_path / "highest.png", "ndcg@10")
    draw_curves(history(10), tmp_path / "lowest.png", "ndcg@10", lower_is_better=True)
    highest, lowest = imread(tmp_path / "highest.png"), imread(tmp_path / "lowest.png")
    # The mark is in another epoch, in both panels.
    middle = highest.shape[1] // 2
    assert not np.array_equal(highest[:, :middle], lowest[:, :middle])
    assert not np.array_equal(highest[:, middle:], lowest[:, middle:])


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^cannot write [^\n]*curves\.png"):
        draw_curves(history(3), tmp_path / "absent" / "curves.png", "ndcg@10")


def test_matplotlib_is_imported_only_to_draw() -> None:
    program = (
        "import sys, graphrec_cli.reporting.plots, graphrec_cli.reporting.tables\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
