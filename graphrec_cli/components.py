"""Tables from component names to their builders, and functions that build from a config."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch

from graphrec_cli.config.loss import CandidateLossConfig
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.plugins import BUILDERS
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.source import Source
from graphrec_cli.data.sources.adjacency_list import ADJACENCY_LIST
from graphrec_cli.data.sources.book_crossing import BOOK_CROSSING
from graphrec_cli.data.sources.goodbooks import GOODBOOKS
from graphrec_cli.data.sources.movielens import MOVIELENS_1M, MOVIELENS_100K, MOVIELENS_LATEST
from graphrec_cli.data.sources.synthetic import SYNTHETIC
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.data.splits.global_time import global_time_split
from graphrec_cli.data.splits.k_fold import k_fold
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.predefined import predefined
from graphrec_cli.data.splits.ratio import ratio_split
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import Evaluation, EvaluationSettings
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.evaluation.rating import RatingEvaluation
from graphrec_cli.losses.base import Loss
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.losses.mse import build_mse
from graphrec_cli.losses.softmax import build_softmax
from graphrec_cli.models.base import Recommender
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
class SplitBuilder(Protocol):
    """Splits the interactions by its own config."""

    def __call__(
        self, interactions: Interactions, config: Any, *, rng: np.random.Generator, funnel: Funnel
    ) -> Split: ...


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


SOURCES: dict[str, Source[Any]] = {
    "synthetic": SYNTHETIC,
    "goodbooks": GOODBOOKS,
    "movielens_100k": MOVIELENS_100K,
    "movielens_1m": MOVIELENS_1M,
    "movielens_latest": MOVIELENS_LATEST,
    "adjacency_list": ADJACENCY_LIST,
    "book_crossing": BOOK_CROSSING,
    "table": TABLE,
}
SPLITS: dict[str, SplitBuilder] = {
    "leave_one_out": leave_one_out,
    "ratio": ratio_split,
    "global_time": global_time_split,
    "k_fold": k_fold,
    "predefined": predefined,
}
MODELS: dict[str, ModelBuilder] = {
    "lightgcn": LightGCN,
    "mf": LightGCN,
    "lightgcn_rating": build_lightgcn_rating,
    "popularity": build_popularity,
    "itemknn": ItemKNN,
    "ease": EASE,
    "gfcf": GFCF,
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


Builder = TypeVar("Builder")


def find_builder(group: str, table: dict[str, Builder], name: str) -> Builder:
    """The builder of a component, from the table or from a plugin."""
    if name in table:
        return table[name]
    registered: Builder = BUILDERS[group][name]
    return registered


def find_source(config: RunConfig) -> Source[Any]:
    """The source of the configured data set."""
    return find_builder("dataset", SOURCES, config.dataset.name)


def find_split(config: RunConfig) -> SplitBuilder:
    """The configured split."""
    return find_builder("split", SPLITS, config.split.name)


def build_loss(config: RunConfig) -> Loss:
    """Build the configured loss."""
    return find_builder("loss", LOSSES, config.loss.name)(config.loss)


def build_model(config: RunConfig, train: UserItems, device: torch.device) -> Recommender:
    """Build the configured model; its graph has the pairs of ``train`` only."""
    # The initial weights are drawn on the CPU, so that they do not depend on the device.
    generator = torch_generator(config.seed, "init", torch.device("cpu"))
    build = find_builder("model", MODELS, config.model.name)
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
