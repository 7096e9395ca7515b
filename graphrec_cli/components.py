"""Tables from component names to their builders, and functions that build from a config.

Those of data sets and splits are in ``data/components.py``.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from graphrec_cli.config.loss import CandidateLossConfig
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.plugins import find_builder
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.unused import sampler_in_use
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.evaluation.protocol import Evaluation, EvaluationSettings
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.evaluation.rating import RatingEvaluation
from graphrec_cli.losses.base import Loss
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.losses.mse import build_mse
from graphrec_cli.losses.softmax import build_softmax
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.chebycf import ChebyCF
from graphrec_cli.models.ease import EASE
from graphrec_cli.models.gfcf import GFCF
from graphrec_cli.models.itemknn import ItemKNN
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.models.lightgcn_rating import build_lightgcn_rating
from graphrec_cli.models.popularity import build_popularity
from graphrec_cli.samplers.candidates import CandidateSampler
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.samplers.rated_pairs import RatedPairSampler
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.system.device import torch_generator


@runtime_checkable
class ModelBuilder(Protocol):
    """Builds a model for the train part, with initial weights drawn from ``generator``."""

    def __call__(
        self, config: Any, train: UserItems, *, generator: torch.Generator, device: torch.device
    ) -> Recommender: ...


@runtime_checkable
class SamplerBuilder(Protocol):
    """Builds a sampler of the train part that draws from ``generator``."""

    def __call__(
        self, config: Any, train: UserItems, *, generator: torch.Generator, device: torch.device
    ) -> TripleSampler: ...


@runtime_checkable
class LossBuilder(Protocol):
    """Builds a loss from its own config."""

    def __call__(self, config: Any) -> Loss: ...


@runtime_checkable
class EvaluationBuilder(Protocol):
    """Builds an evaluation from its own config and the settings of the run."""

    def __call__(self, config: Any, settings: EvaluationSettings) -> Evaluation: ...


MODELS: dict[str, ModelBuilder] = {
    "lightgcn": LightGCN,
    "mf": LightGCN,
    "lightgcn_rating": build_lightgcn_rating,
    "popularity": build_popularity,
    "itemknn": ItemKNN,
    "ease": EASE,
    "gfcf": GFCF,
    "chebycf": ChebyCF,
}
SAMPLERS: dict[str, SamplerBuilder] = {
    "uniform": build_uniform,
    "hardneg": build_hardneg,
}
LOSSES: dict[str, LossBuilder] = {
    "bpr": build_bpr,
    "softmax": build_softmax,
    "mse": build_mse,
}
EVALUATIONS: dict[str, EvaluationBuilder] = {
    "ranking": RankingEvaluation,
    "rating": RatingEvaluation,
}


def build_loss(config: RunConfig) -> Loss:
    """Build the configured loss."""
    return find_builder("loss", LOSSES, config.loss.name)(config.loss)


def build_model(
    config: RunConfig,
    train: UserItems,
    device: torch.device,
    processes: Processes = ONE_PROCESS,
) -> Recommender:
    """Build the configured model; its graph has the pairs of ``train`` only.

    Args:
        processes: those that train it; several can only train what ``refuse_unsupported`` lets
            through.
    """
    # The initial weights are drawn on the CPU, so that they do not depend on the device.
    generator = torch_generator(config.seed, "init", torch.device("cpu"))
    build = find_builder("model", MODELS, config.model.name)
    if processes.size > 1:
        build = partial(LightGCN, processes=processes)
    return build(config.model, train, generator=generator, device=device)


def build_evaluation(config: RunConfig, device: torch.device) -> Evaluation:
    """Build the configured evaluation."""
    settings = EvaluationSettings(
        ks=config.cutoffs(),
        seed=config.seed,
        valid_users=config.trainer.valid_users,
        device=device,
    )
    return find_builder("evaluation", EVALUATIONS, config.evaluation.name)(
        config.evaluation, settings
    )


def check_sampler(config: RunConfig, train: UserItems) -> None:
    """Refuse a sampler that needs a larger catalog, before a model is built.

    Raises:
        ConfigError: naming the key, and what it may be.
    """
    if sampler_in_use(config) == config.sampler.name:
        config.sampler.check_catalog(int(np.count_nonzero(train.item_degree)))


def build_sampler(
    config: RunConfig, train: UserItems, device: torch.device, seed_name: str = "sampler"
) -> TripleSampler:
    """Build the configured sampler of triples.

    Args:
        seed_name: name of the random generator that it draws from.
    """
    generator = torch_generator(config.seed, seed_name, device)
    build = find_builder("sampler", SAMPLERS, config.sampler.name)
    return build(config.sampler, train, generator=generator, device=device)


def build_batch_sampler(
    config: RunConfig, train: UserItems, device: torch.device, seed_name: str = "sampler"
) -> TripleSampler | CandidateSampler | RatedPairSampler:
    """Build the sampler of batches for the configured loss."""
    generator = torch_generator(config.seed, seed_name, device)
    by = config.sampler.by
    if isinstance(config.loss, CandidateLossConfig):
        return CandidateSampler(config.loss, by, train, generator=generator, device=device)
    if config.loss.learns_from() is LearnsFrom.ratings:
        return RatedPairSampler(by, train, generator=generator, device=device)
    return build_sampler(config, train, device, seed_name)
