"""What a training step takes in addition to the embeddings, their gradient and Adam."""

from __future__ import annotations

from graphrec_cli.config.loss import CandidateLossConfig, SoftmaxNegatives
from graphrec_cli.config.model import (
    EmbeddingConfig,
    Head,
    LearnsFrom,
    LightGCNConfig,
    LightGCNRatingConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.losses.softmax import CHUNK_LOGITS
from graphrec_cli.planning.sizes import FLOAT, RunSizes
from graphrec_cli.samplers.candidates import BYTES_A_TRAIN_ITEM, user_share

_TABLES_OF_PROPAGATION = 3
"""Tables of all nodes: the sums so far, the next ones, and the gradient they are joined to."""
_TABLES_OF_SCALED_SUMS, _TABLES_A_SCALED_LAYER = 2, 6
"""What autograd keeps of a layer whose input is scaled: input, norm and products, forward and
backward."""
_BYTES_A_SELECTED_ENTRY = 16
"""An entry of the graph that is selected for a batch: index, value, and its place twice."""
_COPIES_OF_ROWS = {LearnsFrom.triples: 4, LearnsFrom.candidates: 7, LearnsFrom.ratings: 4}
"""Times that the loss has the embeddings of a batch, as they are, normalized and as gradients."""
_COPIES_BESIDE_PROPAGATION = 2
_COPIES_OF_LOGITS = 3
_LOOKED_UP_TWICE = 2
"""The look-up of a batch's train items, and the masked ones that are kept for its loss."""


def memory_of_step(config: RunConfig, train: UserItems, sizes: RunSizes, *, device: str) -> int:
    """Bytes that are taken within a step and free again after it.

    The propagation and the loss come one after the other, but for scaled layers, which autograd
    keeps until the loss is computed.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    model, loss = config.model, config.loss
    if not isinstance(model, EmbeddingConfig):
        return 0
    rows = FLOAT * model.embedding_dim * _rows(config, sizes)
    in_loss = _COPIES_OF_ROWS[loss.learns_from()] * rows
    if isinstance(loss, CandidateLossConfig):
        logits = min(CHUNK_LOGITS[device], sizes.batch * num_candidates(loss, sizes))
        in_loss += _COPIES_OF_LOGITS * FLOAT * logits
        in_loss += _LOOKED_UP_TWICE * _looked_up(config, loss, train, sizes)
    propagation = _propagation(model, sizes, device)
    if isinstance(model, LightGCNConfig) and model.scales_layers():
        return propagation + in_loss
    return max(propagation + _COPIES_BESIDE_PROPAGATION * rows, in_loss)


def _propagation(model: EmbeddingConfig, sizes: RunSizes, device: str) -> int:
    table = FLOAT * sizes.nodes * model.embedding_dim
    if isinstance(model, LightGCNConfig) and model.scales_layers():
        return (_TABLES_OF_SCALED_SUMS + _TABLES_A_SCALED_LAYER * model.num_layers) * table
    if not model.propagates():
        return table  # the gradient of the rows, before it is added to that of the table
    selected = _BYTES_A_SELECTED_ENTRY * sizes.train_pairs if device == "cpu" else 0
    return _TABLES_OF_PROPAGATION * table + selected


def _rows(config: RunConfig, sizes: RunSizes) -> int:
    """Rows of embeddings in a batch."""
    model, loss = config.model, config.loss
    if isinstance(loss, CandidateLossConfig):
        return 2 * sizes.batch + num_candidates(loss, sizes)
    if loss.learns_from() is LearnsFrom.triples:
        return 3 * sizes.batch
    # A linear head is applied to every node, and only a number of each is in the batch.
    linear = isinstance(model, LightGCNRatingConfig) and model.head is Head.linear
    return 0 if linear else 2 * sizes.batch


def _looked_up(
    config: RunConfig, loss: CandidateLossConfig, train: UserItems, sizes: RunSizes
) -> int:
    """Bytes to find the train items of the batch's users among the candidates."""
    items = 1.0
    if loss.mask_seen:
        items = float(user_share(train, config.sampler.by).numpy() @ train.user_degree)
    return round(sizes.batch * items) * BYTES_A_TRAIN_ITEM


def num_candidates(loss: CandidateLossConfig, sizes: RunSizes) -> int:
    """Most candidates that a batch can share."""
    drawn = sizes.batch if loss.negatives is SoftmaxNegatives.in_batch else loss.num_negatives
    return min(drawn, sizes.catalog)
