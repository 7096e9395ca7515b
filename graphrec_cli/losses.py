"""Losses of a batch of triples."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.models.base import TripleScores

TripleLoss = Callable[[TripleScores], Tensor]
"""From the scores of a batch to the scalar that a step minimises."""


def bpr_loss(
    pos_scores: Float[Tensor, " batch"], neg_scores: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Mean of -log sigmoid(pos - neg) (Rendle et al., UAI 2009), finite for any finite scores."""
    return functional.softplus(neg_scores - pos_scores).mean()


def l2_penalty(*embeddings: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    """Half the squared norm of the given tables, per row of one of them."""
    squares = torch.stack([table.square().sum() for table in embeddings])
    return squares.sum() / (2 * len(embeddings[0]))


def build_bpr(config: BPRConfig) -> TripleLoss:
    """BPR, plus ``l2`` times the penalty on the batch's layer-0 embeddings."""

    def loss(scores: TripleScores) -> Tensor:
        ranking = bpr_loss(scores.pos_scores, scores.neg_scores)
        if config.l2 == 0:
            return ranking
        return ranking + config.l2 * l2_penalty(*scores.layer0_embeddings)

    return loss
