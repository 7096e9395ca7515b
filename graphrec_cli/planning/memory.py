"""The memory of a run by part, computed from its sizes."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from graphrec_cli.config.closed_form import ClosedFormConfig
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.model import EmbeddingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.config.unused import sampler_in_use
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.exact_ranks.norm_order import VALUES_AT_A_TIME
from graphrec_cli.evaluation.exact_ranks.user_chunks import CHUNK_SCORES
from graphrec_cli.planning.closed_form_memory import memory_of_closed_form
from graphrec_cli.planning.sizes import FLOAT, RunSizes
from graphrec_cli.planning.step_memory import memory_of_step

_AUDIT_BYTES_A_PAIR = 64
"""The audit's int64 keys and expected weights of one block of the graph."""
_HELD_OUT_BYTES_A_PAIR = 150
"""A held-out pair's indices, score, counts, columns and rank."""
_BOUND_BYTES_A_VALUE = 32
"""An embedding value of a user and of an item, and their product, in float32 and float64."""
_MARKS = 1 << 23
"""Marks of the scores above a held-out one, on a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """Bytes by part.

    Attributes:
        held: what is kept until the end of training, by name.
        passing: what the stages of a run take in addition, one after the other, by name.
    """

    held: dict[str, int]
    passing: dict[str, int]

    @property
    def peak(self) -> int:
        """All that is kept, and the largest stage."""
        return sum(self.held.values()) + max(self.passing.values(), default=0)


def plan_memory(
    config: RunConfig,
    split: Split,
    sizes: RunSizes,
    *,
    device: str,
    closed_forms: list[ClosedFormConfig],
) -> MemoryPlan:
    """Compute what the arrays and tensors of a run take.

    What Python and its libraries take, and the data set itself, are not among them.

    Args:
        device: ``cpu`` or ``cuda``.
        closed_forms: models that are solved, be it the run's own or those it is compared with.
    """
    held: dict[str, int] = {}
    passing = {"ranking": _ranking(config, sizes, device)}
    if config.model.learns_from():
        table = sizes.nodes * _columns(config) * FLOAT
        if config.model.propagates():
            held["graph"] = graph_bytes(sizes, device)
            passing["leakage audit"] = _AUDIT_BYTES_A_PAIR * sizes.train_pairs
        held |= {
            "embeddings": table,
            "gradient": table,
            "Adam": 2 * table,
            "best epoch": table,
            "sampler": _sampler(config, sizes),
        }
        passing["training step"] = memory_of_step(config, split.train, sizes, device=device)
    if closed_forms:
        # They are solved and used on the CPU, whatever the device of the trained model.
        stage = "comparison" if config.model.learns_from() else "solving"
        passing[stage] = max(memory_of_closed_form(model, sizes) for model in closed_forms)
    return MemoryPlan(held=held, passing=passing)


def graph_bytes(sizes: RunSizes, device: str = "cpu") -> int:
    """Both blocks of the normalized adjacency in CSR: indices and values of 4 bytes.

    Indices of a block with more entries than int32 counts take 8. On a GPU the blocks are there
    twice, once as one matrix of all nodes.
    """
    entries, pointers = 2 * sizes.train_pairs, sizes.nodes + 2
    index = 4 if sizes.train_pairs <= np.iinfo(np.int32).max else 8
    blocks = (index + FLOAT) * entries + index * pointers
    return blocks if device == "cpu" else 2 * blocks + 4 * sizes.nodes


def nested_bytes(value: object) -> int:
    """Bytes of all arrays in a value, its attributes, and what these hold."""
    if isinstance(value, np.ndarray):
        # Text of any length is stored apart; a short one takes about 60 bytes.
        return value.nbytes + (60 * value.size if value.dtype.kind in "OT" else 0)
    if is_dataclass(value) and not isinstance(value, type):
        # Degrees are computed on demand and then kept.
        kept = getattr(value, "__dict__", {})
        names = {field.name for field in fields(value)} | kept.keys()
        return sum(nested_bytes(getattr(value, name)) for name in names)
    return 0


def _columns(config: RunConfig) -> int:
    """Columns of the embeddings; 0 for a model of a plugin without any."""
    return config.model.embedding_dim if isinstance(config.model, EmbeddingConfig) else 0


def _sampler(config: RunConfig, sizes: RunSizes) -> int:
    """Users and items of the train pairs, how positives are drawn, and the unseen items."""
    pairs, users, items = sizes.train_pairs, sizes.users, sizes.items
    positives = {
        PositivesBy.interaction: 12 * pairs,
        PositivesBy.weight: 16 * pairs,
    }.get(config.sampler.by, 16 * users)
    key = 4 if users * items <= np.iinfo(np.int32).max else 8
    unseen = key * pairs + 16 * users + 8 * items
    indices = {"hardneg": 2, "uniform": 1}.get(sampler_in_use(config), 1)
    return 8 * pairs + positives + indices * unseen


def _ranking(config: RunConfig, sizes: RunSizes, device: str) -> int:
    """Final embeddings, the pairs to rank, and the larger of bounds and a chunk of scores."""
    pairs = max(sizes.valid_pairs, sizes.test_pairs)
    if not isinstance(config.evaluation, RankingConfig):
        return _HELD_OUT_BYTES_A_PAIR * pairs
    columns = _columns(config)
    final = (sizes.nodes + 2 * sizes.items) * columns * FLOAT
    bounds = _BOUND_BYTES_A_VALUE * min(pairs * columns, VALUES_AT_A_TIME[device])
    norms = 2 * FLOAT * max(sizes.users, sizes.items) * columns
    most_users = max(sizes.valid_users, sizes.test_users)
    chunk = config.evaluation.chunk_users
    scores = min(
        CHUNK_SCORES[device] if chunk is None else chunk * sizes.items,
        most_users * sizes.items,
    )
    copies = 1 if columns else 2
    counted = copies * FLOAT * scores + (_MARKS if device == "cpu" else 0)
    return final + _HELD_OUT_BYTES_A_PAIR * pairs + max(bounds, norms, counted)
