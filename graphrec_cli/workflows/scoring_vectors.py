"""The vectors of a run: the score of an item for a user is the dot product of theirs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.errors import ConfigError, NonFiniteError
from graphrec_cli.evaluation.scorer import DotProductScorer
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.lightgcn_rating import DotRating, LinearRating
from graphrec_cli.workflows.saved_run import SavedRun


class ScoringVectors(NamedTuple):
    """The vectors by index, float32 and read-only.

    Attributes:
        user: shape (users, dim).
        item: shape (items, dim).
    """

    user: NDArray[np.float32]
    item: NDArray[np.float32]


@torch.no_grad()
def scoring_vectors(loaded: SavedRun, name: str) -> ScoringVectors:
    """The final vectors of users and items, with the similarity and the norms that scores use.

    ``lightgcn_rating`` with ``head=dot`` has two more dimensions, for the biases and the mean.

    Args:
        loaded: a run whose model is prepared for scoring.
        name: of the model, for the message.

    Raises:
        ConfigError: the scores of the model are not dot products of vectors.
        NonFiniteError: a vector has a value that is NaN or infinite.
    """
    user, item = _tables(loaded.model, name)
    vectors = ScoringVectors(
        *(np.array(table.cpu().numpy(), dtype=np.float32, order="C") for table in (user, item))
    )
    for kind, table in vectors._asdict().items():
        if not np.isfinite(table).all():
            raise NonFiniteError(f"a vector of a {kind} is NaN or infinite; train the run again")
        table.setflags(write=False)
    return vectors


def _tables(
    model: Recommender, name: str
) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
    if isinstance(model, DotProductScorer):
        users, items = model.product_tables()
        return users, items.T
    if isinstance(model, DotRating):
        users, items = model.scoring_tables()
        constant = (model.user_bias + model.mean_rating)[:, None]
        user = torch.cat([users, constant, torch.ones_like(constant)], dim=1)
        bias = model.item_bias[:, None]
        return user, torch.cat([items.T, torch.ones_like(bias), bias], dim=1)
    if isinstance(model, LinearRating):
        raise ConfigError(
            "model=lightgcn_rating with model.head=linear has no vectors: it adds a user's term "
            "and an item's term, so it ranks the items alike for every user; use model.head=dot"
        )
    raise ConfigError(
        f"model={name} has no vectors: it scores items without embeddings of users and items; "
        "lightgcn and mf have them"
    )
