"""What a run would take on several processes that share the columns of the embeddings.

Each holds the whole graph and an equal share of the columns, propagates alone, and draws the same
batches. They add up the scores of triples, or join the rows of a batch that is compared with
candidates, and join the final embeddings for an evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_cli.config.loss import CandidateLossConfig
from graphrec_cli.config.model import LearnsFrom, LightGCNConfig, Similarity, SimilarityConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.planning.memory import MemoryPlan
from graphrec_cli.planning.sizes import FLOAT, RunSizes
from graphrec_cli.planning.step_memory import num_candidates
from graphrec_cli.planning.step_time import StepTimes

SHARED_PARTS = ("embeddings", "gradient", "Adam", "best epoch")
"""Parts of the memory that are divided among the processes."""
_WHOLE_PARTS = ("graph", "sampler")
"""Parts that every process has whole."""
_GIGA = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class RanksPlan:
    """A run on ``ranks`` processes; bytes are those of one of them.

    Attributes:
        held: bytes of embeddings, graph and sampler that are kept until the end of training.
        sent_a_step: bytes sent in a training step.
        step: seconds of a training step; None if none was timed.
        evaluation: seconds of one validation, or of the test if there is no valid part; None like
            the step.
    """

    ranks: int
    held: int
    sent_a_step: int
    step: float | None
    evaluation: float | None


def check_ranks(config: RunConfig, ranks: int) -> None:
    """Refuse a model whose columns cannot be divided.

    Raises:
        ConfigError: naming the key, and what it may be.
    """
    model = config.model
    if not isinstance(model, SimilarityConfig):
        raise ConfigError(
            f"plan.ranks={ranks} divides the columns of embeddings, which model={model.name} does "
            "not have in a form that adds up; remove it, or choose model=lightgcn or model=mf"
        )
    if model.embedding_dim % ranks:
        raise ConfigError(
            f"plan.ranks={ranks} cannot divide model.embedding_dim={model.embedding_dim} evenly; "
            "choose a divisor of it"
        )


def plan_ranks(
    config: RunConfig,
    sizes: RunSizes,
    memory: MemoryPlan,
    times: StepTimes | None,
    evaluation: float,
    *,
    ranks: int,
    bandwidth: float,
) -> RanksPlan:
    """Divide the time and the memory of one process, and add the time of what is sent.

    Everything but the sampling of batches is taken to be divided evenly. Of b bytes each of n
    processes sends b (n - 1) / n to join them, and twice that to add them up (Patarasuk and Yuan,
    "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009).

    Args:
        times: None if no step was timed, as where one process lacks the memory.
        evaluation: seconds of one process.
        bandwidth: GB/s that a process can send.
    """
    assert isinstance(config.model, SimilarityConfig)
    shared = FLOAT * (ranks - 1) / ranks
    sent = round(shared * numbers_sent(config, sizes))
    table = shared * (sizes.users + sizes.items) * config.model.embedding_dim
    divided = sum(memory.held.get(part, 0) for part in SHARED_PARTS)
    whole = sum(memory.held.get(part, 0) for part in _WHOLE_PARTS)
    step = rated = None
    if times is not None:
        seconds = bandwidth * _GIGA
        step = times.sampling + (times.step - times.sampling) / ranks + sent / seconds
        rated = evaluation / ranks + table / seconds
    return RanksPlan(
        ranks=ranks, held=divided // ranks + whole, sent_a_step=sent, step=step, evaluation=rated
    )


def numbers_sent(config: RunConfig, sizes: RunSizes) -> int:
    """Numbers that are joined in a step, those that are added up counted twice.

    For triples two scores an example are added up, and with cosines the norms of its rows, forward
    and backward. For candidates the embeddings of the batch's users, items and candidates are
    joined, and their gradients added up. ``normalize_layers`` adds up the norms of all nodes in
    every layer, forward and backward.
    """
    numbers = _of_the_loss(config, sizes)
    if isinstance(config.model, LightGCNConfig) and config.model.normalize_layers:
        numbers += 2 * 2 * config.model.num_layers * sizes.nodes
    return numbers


def _of_the_loss(config: RunConfig, sizes: RunSizes) -> int:
    assert isinstance(config.model, SimilarityConfig)
    if isinstance(config.loss, CandidateLossConfig):
        rows = 2 * sizes.batch + num_candidates(config.loss, sizes)
        return 3 * rows * config.model.embedding_dim
    assert config.loss.learns_from() is LearnsFrom.triples
    norms = 2 * 2 * 3 if config.model.similarity is Similarity.cosine else 0
    return (2 * 2 + norms) * sizes.batch
