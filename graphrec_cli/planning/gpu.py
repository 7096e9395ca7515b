"""What a run would take on a GPU whose memory has a given bandwidth.

A step's time is bounded by the bytes that it moves (the roofline of Williams, Waterman and
Patterson, "Roofline: an insightful visual performance model for multicore architectures",
CACM 2009), and by the time that the host needs to start its kernels. docs/scaling.md holds the
figures against measured ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_cli.config.loss import CandidateLossConfig
from graphrec_cli.config.model import EmbeddingConfig, LearnsFrom, LightGCNConfig, SimilarityConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import AdamForm
from graphrec_cli.errors import ConfigError
from graphrec_cli.planning.sizes import FLOAT, RunSizes
from graphrec_cli.planning.step_memory import num_candidates

_INDEX_AND_VALUE = 8
_ADAM_TABLES = 7
"""Tables that Adam reads (weights, gradient, two moments) and writes (all but the gradient)."""
_SUM_TABLES = 7
"""The sums over the layers and their gradient: about as much."""
_PASSES_OVER_LOGITS = 8
"""Times that ``loss=softmax`` reads or writes its logits."""
_LAUNCH_SECONDS = {
    LearnsFrom.triples: 2.9e-3,
    LearnsFrom.ratings: 2.9e-3,
    LearnsFrom.candidates: 4e-3,
}
"""Least time of a step whose kernels the host starts one by one (docs/gpu.md)."""
_BYTES_A_SCORE = 250
"""Bandwidth that a score of the ranking took, on two data sets (docs/gpu.md)."""
_GIGA = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUPlan:
    """A run on a GPU.

    Attributes:
        step_low: seconds of a step if its caches hold all embeddings that are gathered.
        step_high: the same if none of them are.
        launch: seconds that starting the kernels takes at least; 0 for a step that is replayed.
            The other two are not below it.
        evaluation: seconds of one validation, or of the test if there is no valid part; a rough
            figure.
    """

    step_low: float
    step_high: float
    launch: float
    evaluation: float


def check_gpu(config: RunConfig) -> None:
    """Refuse a model without training steps.

    Raises:
        ConfigError: naming the model.
    """
    if not isinstance(config.model, EmbeddingConfig):
        raise ConfigError(
            "plan.gpu_bandwidth bounds training steps over embeddings, and "
            f"model={config.model.name} has none; remove it"
        )


def plan_gpu(config: RunConfig, sizes: RunSizes, bandwidth: float) -> GPUPlan:
    """Bound a step by the bytes that it moves.

    Args:
        bandwidth: GB/s of the GPU's memory.
    """
    gathered, other = step_bytes(config, sizes)
    launch = 0.0 if replayed(config) else _LAUNCH_SECONDS[config.loss.learns_from()]
    ranked = sizes.valid_users or sizes.test_users
    return GPUPlan(
        step_low=max(launch, other / (bandwidth * _GIGA)),
        step_high=max(launch, (gathered + other) / (bandwidth * _GIGA)),
        launch=launch,
        evaluation=_BYTES_A_SCORE * ranked * sizes.items / (bandwidth * _GIGA),
    )


def step_bytes(config: RunConfig, sizes: RunSizes) -> tuple[int, int]:
    """Bytes of a step: rows that the products gather, and everything else.

    A product reads an index, a value and a row of the embeddings for each entry of the adjacency,
    and writes a row for each node. Forward and backward take a product for each layer.
    """
    model = config.model
    assert isinstance(model, EmbeddingConfig)
    row = model.embedding_dim * FLOAT
    table = sizes.nodes * row
    layers = getattr(model, "num_layers", 0)
    entries = 2 * layers * 2 * sizes.train_pairs
    other = entries * _INDEX_AND_VALUE + 2 * layers * table + _ADAM_TABLES * table
    if layers:
        other += _SUM_TABLES * table
    if isinstance(config.loss, CandidateLossConfig):
        logits = sizes.batch * num_candidates(config.loss, sizes)
        other += _PASSES_OVER_LOGITS * FLOAT * logits
    return entries * row, other


def replayed(config: RunConfig) -> bool:
    """Whether a GPU replays the steps as a CUDA graph."""
    model = config.model
    plain = not (isinstance(model, LightGCNConfig) and model.scales_layers())
    bpr = config.loss.name == "bpr" and config.trainer.adam is AdamForm.torch
    return isinstance(model, SimilarityConfig) and plain and bpr
