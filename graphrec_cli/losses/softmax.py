"""Softmax loss of a positive item against candidates shared by the batch, with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import SoftmaxConfig
from graphrec_cli.losses.base import Loss
from graphrec_cli.models.base import EmbeddingModel
from graphrec_cli.samplers.candidates import CandidateBatch

_CHUNK_LOGITS = {"cpu": 1 << 19, "cuda": 1 << 26}
"""Logits computed at a time; on a CPU few enough (2 MB) to stay in its caches."""


class _SharedSoftmax(torch.autograd.Function):
    """The loss, whose forward pass computes the gradient while the logits are in the caches."""

    @staticmethod
    def forward(
        ctx: Any,
        users: Tensor,
        positives: Tensor,
        candidates: Tensor,
        log_weight: Tensor,
        masked_row: Tensor,
        masked_column: Tensor,
        temperature: float,
    ) -> Tensor:
        batch = len(users)
        pos_logits = (users * positives).sum(dim=1).div_(temperature)
        user_grad, candidate_grad = torch.empty_like(users), torch.zeros_like(candidates)
        pos_probability = torch.empty_like(pos_logits)
        total = users.new_zeros(())
        rows = max(1, _CHUNK_LOGITS[users.device.type] // max(len(candidates), 1))
        masked_bounds = _masked_bounds(masked_row, batch, rows)
        masked_place = masked_row % rows * len(candidates) + masked_column
        buffer = users.new_empty(min(rows, batch), len(candidates))
        for chunk, first in enumerate(range(0, batch, rows)):
            part = slice(first, first + rows)
            masked = slice(masked_bounds[chunk], masked_bounds[chunk + 1])
            logits = buffer[: batch - first]
            torch.addmm(log_weight, users[part], candidates.T, alpha=1 / temperature, out=logits)
            logits.view(-1).index_fill_(0, masked_place[masked], -torch.inf)
            pos = pos_logits[part]
            top = torch.maximum(logits.amax(dim=1), pos)
            exponentials = logits.sub_(top[:, None]).exp_()
            pos_exponential = (pos - top).exp_()
            sums = exponentials.sum(dim=1).add_(pos_exponential)
            total += (sums.log() + top - pos).sum()
            exponentials.div_(sums[:, None])
            pos_probability[part] = pos_exponential.div_(sums)
            torch.mm(exponentials, candidates, out=user_grad[part])
            candidate_grad.addmm_(exponentials.T, users[part])
        scale = 1 / (batch * temperature)
        pos_error = (pos_probability - 1)[:, None]
        user_grad.addcmul_(positives, pos_error).mul_(scale)
        ctx.save_for_backward(user_grad, users * pos_error.mul_(scale), candidate_grad.mul_(scale))
        return total / batch

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        users, positives, candidates = ctx.saved_tensors
        return users * grads[0], positives * grads[0], candidates * grads[0], *[None] * 4


def _masked_bounds(masked_row: Tensor, batch: int, rows: int) -> list[int]:
    """Boundaries of the masked positions of each chunk of ``rows`` examples."""
    if rows >= batch:
        return [0, len(masked_row)]  # reads nothing from the device, so the host need not wait
    bounds = torch.arange(0, batch + rows, rows, device=masked_row.device)
    return [int(bound) for bound in torch.searchsorted(masked_row, bounds).tolist()]


_apply: Callable[..., Tensor] = _SharedSoftmax.apply


def shared_softmax_loss(
    users: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"],
    candidates: Float[Tensor, "candidates dim"],
    *,
    log_weight: Float[Tensor, " candidates"],
    masked_row: Int64[Tensor, " masked"],
    masked_column: Int64[Tensor, " masked"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Mean of -log(exp(s_p) / (exp(s_p) + sum of w_j exp(s_j))), with s = product / temperature.

    Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item Recommendation", TOIS 2024.

    Args:
        users, positives: one row per example; s_p comes from their product.
        candidates: embeddings that every example is compared with.
        log_weight: log w_j of every candidate, finite.
        masked_row, masked_column: positions (example, candidate) to exclude, by ascending row.
        temperature: divisor of every product, above 0.
    """
    return _apply(users, positives, candidates, log_weight, masked_row, masked_column, temperature)


def build_softmax(config: SoftmaxConfig) -> Loss:
    """Build ``loss=softmax``, which needs an ``EmbeddingModel`` and pairs with candidates."""

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
