"""Losses of a batch: what a training step minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import BPRConfig, MSEConfig, SoftmaxConfig
from graphrec_cli.losses.softmax import shared_softmax_loss
from graphrec_cli.models.base import EmbeddingModel, RatingModel, TripleModel, TripleScores
from graphrec_cli.samplers.candidates import CandidateBatch
from graphrec_cli.samplers.rated_pairs import RatedPairs
from graphrec_cli.samplers.triples import Triples

Loss = Callable[[Any, Any], Tensor]
"""From a model and a batch of the kind that it learns from to the scalar that a step minimises."""


def bpr_loss(
    pos_scores: Float[Tensor, " batch"], neg_scores: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Mean of -log sigmoid(pos - neg) (Rendle et al., UAI 2009), finite for any finite scores."""
    return functional.softplus(neg_scores - pos_scores).mean()


def l2_penalty(*embeddings: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    """Half the squared norm of the given tables, per row of one of them."""
    squares = torch.stack([table.square().sum() for table in embeddings])
    return squares.sum() / (2 * len(embeddings[0]))


def regularised_bpr(scores: TripleScores, config: BPRConfig) -> Float[Tensor, ""]:
    """BPR, plus those of the penalties whose weight is not 0."""
    loss = bpr_loss(scores.pos_scores, scores.neg_scores)
    if config.l2:
        loss = loss + config.l2 * l2_penalty(*scores.layer0_embeddings)
    if config.l2_final:
        means = [rows.square().mean() for rows in scores.final_embeddings]
        loss = loss + config.l2_final * torch.stack(means).sum()
    if config.l2_all:
        loss = loss + config.l2_all * scores.layer0_table.square().sum()
    return loss


def build_bpr(config: BPRConfig) -> Loss:
    """The loss ``loss=bpr``, of a ``TripleModel`` and its triples."""

    def loss(model: TripleModel, batch: Triples) -> Tensor:
        return regularised_bpr(model.score_triples(*batch), config)

    return loss


def build_softmax(config: SoftmaxConfig) -> Loss:
    """The loss ``loss=softmax``, of an ``EmbeddingModel`` and pairs with candidates."""

    def loss(model: EmbeddingModel, batch: CandidateBatch) -> Tensor:
        batch_size = len(batch.users)
        users, items = model.embed(batch.users, torch.cat([batch.pos_items, batch.candidates]))
        items = functional.normalize(items)
        return shared_softmax_loss(
            functional.normalize(users),
            items[:batch_size],
            items[batch_size:],
            log_weight=batch.log_weight,
            masked_row=batch.seen_row,
            masked_column=batch.seen_column,
            temperature=config.temperature,
        )

    return loss


def build_mse(config: MSEConfig) -> Loss:
    """The loss ``loss=mse``, of a ``RatingModel`` and rated pairs."""
    del config

    def loss(model: RatingModel, batch: RatedPairs) -> Tensor:
        return functional.mse_loss(model.predict_ratings(batch.users, batch.items), batch.ratings)

    return loss
