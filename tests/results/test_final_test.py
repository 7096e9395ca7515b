"""The warning that a model is no better than counting."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from builders import call

from graphrec_cli.config.evaluation import RatingConfig
from graphrec_cli.config.loss import MSEConfig
from graphrec_cli.config.model import (
    LightGCNConfig,
    LightGCNRatingConfig,
    ModelConfig,
    PopularityConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.results.final_test import warn_if_beaten


@pytest.mark.parametrize(
    ("model", "ours", "warned"),
    [
        (LightGCNConfig(), 0.2, True),
        (LightGCNConfig(), 0.25, True),
        (LightGCNConfig(), 0.3, False),
        (PopularityConfig(), 0.25, False),
    ],
)
def test_as_good_as_counting_is_not_good_enough(
    model: ModelConfig, ours: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    config = RunConfig(model=model, trainer=TrainerConfig(monitor="mrr"))
    # The other metric would say the opposite.
    metrics = {
        "test": {"mrr": ours, "ndcg@10": 0.5 - ours},
        "baselines": {"popularity": {"mrr": 0.25, "ndcg@10": 0.25}},
    }
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        warn_if_beaten(config, metrics, "popularity")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned
    if warned:
        # The line names no test value: in a sweep it would tell what to select.
        assert "does not beat the popularity baseline in test mrr" in caplog.text
        assert not any(character.isdigit() for character in caplog.messages[0])


@pytest.mark.parametrize(("ours", "warned"), [(0.9, True), (0.8, True), (0.7, False)])
def test_a_lower_error_beats_the_floor(
    ours: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    config = RunConfig(
        model=LightGCNRatingConfig(),
        loss=MSEConfig(),
        sampler=UniformConfig(),
        evaluation=RatingConfig(),
    )
    metrics = {"test": {"rmse": ours}, "baselines": {"bias": {"rmse": 0.8}}}
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        warn_if_beaten(config, metrics, "bias")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned


@pytest.mark.slow
@pytest.mark.parametrize(("users", "announced"), [(10_001, True), (9_000, False)])
def test_a_long_ranking_is_announced(users: int, announced: bool, tmp_path: Path) -> None:
    # User u has item u, and then item u + 1, which is held out.
    rows = [f"{user},{user + late},{late}" for user in range(users) for late in (0, 1)]
    (tmp_path / "rows.csv").write_text("\n".join(["user,item,timestamp", *rows]), "utf-8")
    done = call(
        tmp_path,
        *("train", "model=popularity", "dataset=table", "dataset.path=rows.csv"),
        *("split.by=time", "split.min_interactions=2", "split.valid=0", "device=cpu"),
    )
    assert done.code == 0
    line = f"ranking {users:,} items for each of {users:,} test users"
    assert (line in done.err.splitlines()) is announced
