"""Models whose scores cannot be split are refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from graphrec_cli.config.closed_form import ChebyCFConfig, EASEConfig, GFCFConfig, ItemKNNConfig
from graphrec_cli.config.linear_score import refuse_without_linear_score
from graphrec_cli.config.model import (
    LightGCNConfig,
    LightGCNRatingConfig,
    MatrixFactorizationConfig,
    ModelConfig,
    PopularityConfig,
    Similarity,
)
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class MineConfig(ModelConfig):
    """A model of a plugin."""

    name: str = "mine"


@pytest.mark.parametrize(
    "model",
    [
        LightGCNConfig(),
        LightGCNConfig(item_norm_power=0.5),
        LightGCNRatingConfig(),
        ItemKNNConfig(),
        EASEConfig(),
        GFCFConfig(),
        ChebyCFConfig(),
    ],
    ids=lambda model: model.name,
)
def test_linear_scores_are_accepted(model: ModelConfig) -> None:
    refuse_without_linear_score(model)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"similarity": Similarity.cosine}, "model.similarity=cosine"),
        ({"normalize_layers": True}, "model.normalize_layers=true"),
        ({"own_degree_power": 0.6}, "model.own_degree_power=0.6"),
        ({"neighbor_degree_power": -0.1}, "model.neighbor_degree_power=-0.1"),
        ({"layer0_weight": 0.2}, "model.layer0_weight=0.2"),
        ({"num_layers": 0}, "model=lightgcn model.num_layers=0 has no graph"),
    ],
)
def test_options_of_lightgcn_are_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        refuse_without_linear_score(LightGCNConfig(**values))


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (PopularityConfig(), "model=popularity: a score is the item's number"),
        (MatrixFactorizationConfig(), "model=mf has no graph"),
        (MineConfig(), "model=mine: it does not say"),
    ],
)
def test_models_are_named(model: ModelConfig, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        refuse_without_linear_score(model)
