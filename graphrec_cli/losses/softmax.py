"""Softmax loss of a positive item against candidates shared by the batch, with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import SoftmaxConfig
from graphrec_cli.losses.user_temperature import UserTemperatures
from graphrec_cli.models.base import EmbeddingModel
from graphrec_cli.samplers.candidates import CandidateBatch

CHUNK_LOGITS = {"cpu": 1 << 19, "cuda": 1 << 26}
"""Logits computed at a time; on a CPU few enough (2 MB) to stay in its caches."""


class _Terms(NamedTuple):
    """The terms of the loss; see ``shared_softmax_loss``."""

    temperature: float
    denominator_power: float
    positive_in_denominator: bool
    wants_unit_losses: bool


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
        sharpness: Tensor,
        terms: _Terms,
        examples: int,
    ) -> tuple[Tensor, Tensor]:
        batch, temperature = len(users), terms.temperature
        pos_logits = (users * positives).sum(dim=1).div_(temperature)
        sharpened, own_logits = users * sharpness[:, None], pos_logits * sharpness
        user_grad, candidate_grad = torch.empty_like(users), torch.zeros_like(candidates)
        pos_error = torch.empty_like(pos_logits)
        unit_losses = torch.empty_like(pos_logits) if terms.wants_unit_losses else pos_logits[:0]
        total = users.new_zeros(())
        rows = max(1, CHUNK_LOGITS[users.device.type] // max(len(candidates), 1))
        masked_bounds = _masked_bounds(masked_row, batch, rows)
        masked_place = masked_row % rows * len(candidates) + masked_column
        buffer = users.new_empty(min(rows, batch), len(candidates))
        for chunk, first in enumerate(range(0, batch, rows)):
            part = slice(first, first + rows)
            masked = slice(masked_bounds[chunk], masked_bounds[chunk + 1])
            logits = buffer[: batch - first]
            torch.addmm(
                log_weight, sharpened[part], candidates.T, alpha=1 / temperature, out=logits
            )
            logits.view(-1).index_fill_(0, masked_place[masked], -torch.inf)
            if terms.wants_unit_losses:
                sums = _sums_at_one(logits, log_weight, temperature / sharpness[part])
                unit_losses[part] = sums.log() - pos_logits[part] * temperature
            own = own_logits[part] if terms.positive_in_denominator else None
            log_sums, probability = _normalize(logits, own)
            losses = terms.denominator_power * log_sums - pos_logits[part]
            errors = terms.denominator_power * sharpness[part] * probability - 1
            if own is None:
                # An example without a candidate has nothing to learn.
                losses.masked_fill_(log_sums.isneginf(), 0.0)
                errors.masked_fill_(log_sums.isneginf(), 0.0)
            total += losses.sum()
            pos_error[part] = errors
            torch.mm(logits, candidates, out=user_grad[part])
            candidate_grad.addmm_(logits.T, sharpened[part])
        scale = 1 / (examples * temperature)
        user_grad.mul_((terms.denominator_power * sharpness)[:, None])
        user_grad.addcmul_(positives, pos_error[:, None]).mul_(scale)
        positive_grad = users * pos_error[:, None].mul_(scale)
        candidate_grad.mul_(terms.denominator_power * scale)
        ctx.save_for_backward(user_grad, positive_grad, candidate_grad)
        ctx.mark_non_differentiable(unit_losses)
        return total / examples, unit_losses

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        users, positives, candidates = ctx.saved_tensors
        return users * grads[0], positives * grads[0], candidates * grads[0], *[None] * 6


def _normalize(logits: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
    """Turn logits into probabilities in place.

    Args:
        own: logit of each row's positive, if it is a part of the sum.

    Returns:
        The logarithm of each row's sum of exponentials, -inf for a row without any, and the
        probability of the positive.
    """
    top = logits.amax(dim=1)
    if own is None:
        exponentials = logits.sub_(top.masked_fill(top.isneginf(), 0.0)[:, None]).exp_()
        sums = exponentials.sum(dim=1)
        exponentials.div_(sums.masked_fill(sums == 0, 1.0)[:, None])
        return sums.log() + top, torch.zeros_like(sums)
    top = torch.maximum(top, own)
    exponentials = logits.sub_(top[:, None]).exp_()
    own_exponential = (own - top).exp_()
    sums = exponentials.sum(dim=1).add_(own_exponential)
    exponentials.div_(sums[:, None])
    return sums.log() + top, own_exponential.div_(sums)


def _sums_at_one(logits: Tensor, log_weight: Tensor, divisor: Tensor) -> Tensor:
    """Sum w_j exp(s_j) over the candidates, given s_j / divisor + log w_j."""
    return logits.sub(log_weight).mul_(divisor[:, None]).exp_() @ log_weight.exp()


def _masked_bounds(masked_row: Tensor, batch: int, rows: int) -> list[int]:
    """Boundaries of the masked positions of each chunk of ``rows`` examples."""
    if rows >= batch:
        return [0, len(masked_row)]  # reads nothing from the device, so the host need not wait
    bounds = torch.arange(0, batch + rows, rows, device=masked_row.device)
    return [int(bound) for bound in torch.searchsorted(masked_row, bounds).tolist()]


_apply: Callable[..., tuple[Tensor, Tensor]] = _SharedSoftmax.apply


def shared_softmax_loss(
    users: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"],
    candidates: Float[Tensor, "candidates dim"],
    *,
    log_weight: Float[Tensor, " candidates"],
    masked_row: Int64[Tensor, " masked"],
    masked_column: Int64[Tensor, " masked"],
    temperature: float,
    sharpness: Float[Tensor, " batch"] | None = None,
    positive_in_denominator: bool = True,
    denominator_power: float = 1.0,
) -> Float[Tensor, ""]:
    """Mean of -s_p + a log(exp(b s_p) + sum of w_j exp(b s_j)), with s = product / temperature.

    With a = b = 1 it is the sampled softmax of Wu et al., "On the Effectiveness of Sampled Softmax
    Loss for Item Recommendation", TOIS 2024. An exponent a is that of Wu et al., "BSL:
    Understanding and Improving Softmax Loss for Recommendation", ICDE 2024; without the positive
    in the sum it is the decoupled loss of Yeh et al., "Decoupled Contrastive Learning", ECCV 2022;
    b is the sharpness of ``UserTemperatures``.

    Args:
        users, positives: one row per example; s_p comes from their product.
        candidates: embeddings that every example is compared with.
        log_weight: log w_j of every candidate, finite.
        masked_row, masked_column: positions (example, candidate) to exclude, by ascending row.
        temperature: divisor of every product, above 0.
        sharpness: b of every example; 1 if None.
        positive_in_denominator: whether the sum has the term of the positive. Without it, an
            example whose candidates are all masked has a loss of 0.
        denominator_power: a.
    """
    sharpness = users.new_ones(len(users)) if sharpness is None else sharpness
    terms = _Terms(temperature, denominator_power, positive_in_denominator, False)
    return _apply(
        users,
        positives,
        candidates,
        log_weight,
        masked_row,
        masked_column,
        sharpness,
        terms,
        len(users),
    )[0]


class SoftmaxLoss:
    """``loss=softmax``: needs an ``EmbeddingModel`` and pairs with candidates."""

    def __init__(self, config: SoftmaxConfig) -> None:
        self._spread = config.user_temperature_spread
        self._terms = _Terms(
            config.temperature,
            config.denominator_power,
            config.positive_in_denominator,
            wants_unit_losses=self._spread is not None,
        )
        self._user_temperatures: UserTemperatures | None = None

    def start(self, model: EmbeddingModel) -> None:
        """Begin with one temperature for all users of ``model``."""
        if self._spread is not None:
            device = next(model.parameters()).device
            self._user_temperatures = UserTemperatures(model.num_users, self._spread, device)

    def __call__(self, model: EmbeddingModel, batch: CandidateBatch) -> Tensor:
        """Compute the mean loss of the batch, from cosines of the final embeddings.

        Several processes join their columns of the batch's embeddings, which are fewer numbers than
        the logits, and each compares some of the examples with all candidates.
        """
        batch_size, temperatures = len(batch.users), self._user_temperatures
        processes = model.processes
        assert self._spread is None or temperatures is not None, "call start() first"
        users, items = model.embed(batch.users, torch.cat([batch.pos_items, batch.candidates]))
        users = functional.normalize(processes.whole_table(users))
        items = functional.normalize(processes.whole_table(items))
        positives, own = items[:batch_size], batch
        if processes.size > 1:
            part = processes.part(batch_size)
            users, positives, own = users[part], positives[part], batch.part(part)
        sharpness = (
            users.new_ones(len(users))
            if temperatures is None
            else temperatures.sharpness.index_select(0, own.users)
        )
        loss, unit_losses = _apply(
            users,
            positives,
            items[batch_size:],
            own.log_weight,
            own.masked_row,
            own.masked_column,
            sharpness,
            self._terms,
            batch_size,
        )
        if temperatures is not None:
            temperatures.add(batch.users, processes.join_parts(unit_losses, batch_size))
        return processes.sum(loss)

    def end_epoch(self) -> None:
        """Renew the users' temperatures."""
        if self._user_temperatures is not None:
            self._user_temperatures.end_epoch()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of the users' temperatures; empty without them."""
        return {} if self._user_temperatures is None else self._user_temperatures.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore ``state``; call ``start`` first."""
        if self._user_temperatures is not None:
            self._user_temperatures.load_state_dict(state)


def build_softmax(config: SoftmaxConfig) -> SoftmaxLoss:
    """Build ``loss=softmax``; call its ``start`` before the first batch."""
    return SoftmaxLoss(config)
