"""The warning that a model is no better than counting."""

from __future__ import annotations

import logging

import pytest

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
        assert f"test mrr {ours:.4f} against 0.2500" in caplog.text


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
