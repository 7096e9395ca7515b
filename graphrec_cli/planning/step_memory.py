"""What a training step takes in addition to the embeddings, their gradient and Adam."""

from __future__ import annotations

from graphrec_cli.config.loss import CandidateLossConfig, SoftmaxNegatives
from graphrec_cli.config.model import EmbeddingConfig, LearnsFrom, LightGCNConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.losses.softmax import CHUNK_LOGITS
from graphrec_cli.planning.sizes import RunSizes
from graphrec_cli.samplers.candidates import BYTES_A_TRAIN_ITEM, user_share

FLOAT = 4
_TABLES_OF_PROPAGATION = 3
"""Tables of all nodes: the sums so far, the next ones, and the gradient they are joined to."""
_TABLES_A_SCALED_LAYER = 4
"""What autograd keeps of a layer whose input is scaled: the input, its norm, two products."""
_BYTES_A_SELECTED_ENTRY = 16
"""An entry of the graph that is selected for a batch: index, value, and its place twice."""
_ROWS_AN_EXAMPLE = 8
"""Rows of embeddings and gradients that a row of the batch takes."""
_COPIES_OF_LOGITS = 3


def memory_of_step(config: RunConfig, train: UserItems, sizes: RunSizes, *, device: str) -> int:
    """Bytes that are taken within a step and free again after it.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    model = config.model
    if not isinstance(model, EmbeddingConfig):
        return 0
    table = sizes.nodes * model.embedding_dim * FLOAT
    graph = 0
    if isinstance(model, LightGCNConfig) and model.scales_layers():
        graph = (2 + _TABLES_A_SCALED_LAYER * model.num_layers) * table
    elif model.propagates():
        graph = _TABLES_OF_PROPAGATION * table
        if device == "cpu":
            graph += _BYTES_A_SELECTED_ENTRY * sizes.train_pairs
    else:
        graph = table  # the gradient of the rows looked up, before it is added
    rows, extra = _batch(config, train, sizes, device)
    return graph + rows * _ROWS_AN_EXAMPLE * model.embedding_dim * FLOAT + extra


def _batch(config: RunConfig, train: UserItems, sizes: RunSizes, device: str) -> tuple[int, int]:
    """Rows of embeddings in a batch, and the bytes of what else comes with it."""
    loss = config.loss
    if isinstance(loss, CandidateLossConfig):
        candidates = num_candidates(loss, sizes)
        looked_up = 1.0
        if loss.mask_seen:
            looked_up = float(user_share(train, config.sampler.by).numpy() @ train.user_degree)
        logits = min(CHUNK_LOGITS[device], sizes.batch * candidates)
        seen = round(sizes.batch * looked_up) * BYTES_A_TRAIN_ITEM
        return 2 * sizes.batch + candidates, seen + _COPIES_OF_LOGITS * FLOAT * logits
    return (2 if loss.learns_from() is LearnsFrom.ratings else 3) * sizes.batch, 0


def num_candidates(loss: CandidateLossConfig, sizes: RunSizes) -> int:
    """Most candidates that a batch can share."""
    drawn = sizes.batch if loss.negatives is SoftmaxNegatives.in_batch else loss.num_negatives
    return min(drawn, sizes.catalog)
