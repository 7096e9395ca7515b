"""Many new users at a time get the scores of one at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, items_of_users
from graph_filters import community_graph, train_of

from graphrec_cli.components import MODELS
from graphrec_cli.config.closed_form import ClosedFormConfig, EASEConfig, GFCFConfig, ItemKNNConfig
from graphrec_cli.config.model import (
    Head,
    LightGCNConfig,
    LightGCNRatingConfig,
    MatrixFactorizationConfig,
    ModelConfig,
    PopularityConfig,
    Similarity,
)
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.new_users import NewUsers

TRAIN = train_of(community_graph()[:80, :40])
GIVEN = items_of_users([[3], [], [0, 5, 9, 39], [5, 7]], 40)
SCALED = {"own_degree_power": 0.7, "neighbor_degree_power": 0.2, "layer0_weight": 0.3}


@pytest.mark.parametrize(
    "config",
    [
        LightGCNConfig(embedding_dim=8),
        LightGCNConfig(embedding_dim=8, similarity=Similarity.cosine),
        LightGCNConfig(embedding_dim=8, normalize_layers=True, **SCALED),  # type: ignore[arg-type]
        MatrixFactorizationConfig(embedding_dim=8, item_norm_power=0.5),
        LightGCNRatingConfig(embedding_dim=8, head=Head.linear),
        PopularityConfig(name="popularity"),
        ItemKNNConfig(),
        EASEConfig(l2=3),
        GFCFConfig(singular_vectors=8),
    ],
    ids=str,
)
def test_scores(config: ModelConfig) -> None:
    generator = torch.Generator().manual_seed(0)
    model = MODELS[config.name](config, TRAIN, generator=generator, device=CPU)
    if isinstance(config, ClosedFormConfig):
        assert isinstance(model, ClosedForm)
        model.solve()
    model.prepare_scoring()
    scores = NewUsers(model, GIVEN, TRAIN, CPU).score_users(torch.tensor([3, 1, 0, 2]))
    for place, user in enumerate([3, 1, 0, 2]):
        own = GIVEN.item_index[GIVEN.indptr[user] : GIVEN.indptr[user + 1]].astype(np.int64)
        if len(own):
            expected = model.score_new_user(torch.from_numpy(own))
        else:
            expected = torch.from_numpy(TRAIN.item_degree)
        torch.testing.assert_close(scores[place].double(), expected.double())
