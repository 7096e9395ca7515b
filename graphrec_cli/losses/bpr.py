"""Bayesian personalised ranking, with L2 penalties."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.losses.base import Loss
from graphrec_cli.models.base import TripleModel, TripleScores
from graphrec_cli.samplers.triples import Triples


def bpr_loss(
    pos_scores: Float[Tensor, " batch"], neg_scores: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Mean of -log sigmoid(pos - neg) (Rendle et al., UAI 2009), finite for any finite scores."""
    return functional.softplus(neg_scores - pos_scores).mean()


def l2_penalty(*embeddings: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    """Half the squared norm of all given tables, divided by the batch size."""
    squares = torch.stack([table.square().sum() for table in embeddings])
    return squares.sum() / (2 * len(embeddings[0]))


def regularised_bpr(scores: TripleScores, config: BPRConfig) -> Float[Tensor, ""]:
    """BPR plus the L2 penalties whose weight is not 0."""
    loss, processes = bpr_loss(scores.pos_scores, scores.neg_scores), scores.processes
    if config.l2:
        loss = loss + config.l2 * processes.sum(l2_penalty(*scores.layer0_embeddings))
    if config.l2_final:
        means = [rows.square().mean() for rows in scores.final_embeddings]
        loss = loss + config.l2_final * processes.mean(torch.stack(means).sum())
    if config.l2_all:
        loss = loss + config.l2_all * processes.sum(scores.layer0_table.square().sum())
    return loss


def build_bpr(config: BPRConfig) -> Loss:
    """Build ``loss=bpr``, which needs a ``TripleModel`` and triples."""

    def loss(model: TripleModel, batch: Triples) -> Tensor:
        return regularised_bpr(model.score_triples(*batch), config)

    return loss
