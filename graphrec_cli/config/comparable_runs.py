"""Which runs of a sweep have figures that can be ranked, and which share their floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphrec_cli.config.dataset import DatasetConfig, SyntheticConfig
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import DrawnSplitConfig, KFoldConfig, SplitConfig
from graphrec_cli.config.unused import wants_floor


def same_floors(configs: Sequence[RunConfig]) -> list[int | None]:
    """The first run with the same data, seed and metric as each run that asks for a floor."""
    first: dict[str, int] = {}
    return [
        first.setdefault(f"{config.seed} {config.data_dir} {figures_of(config)}", number)
        if wants_floor(config)
        else None
        for number, config in enumerate(configs)
    ]


def same_figures(configs: Sequence[RunConfig]) -> list[int]:
    """The first run with the same data, split and metric as each run, whatever seeds and folds."""
    first: dict[str, int] = {}
    return [
        first.setdefault(f"{config.data_dir} {figures_of(without_seeds(config))}", number)
        for number, config in enumerate(configs)
    ]


def figures_of(config: RunConfig) -> str:
    """What the figures of a run are about: data, split, metric, and how they are computed.

    Where the data are is left out: another machine has them elsewhere.
    """
    evaluation = replace(config.evaluation, ks=[1])
    if isinstance(evaluation, RankingConfig):
        evaluation = replace(evaluation, chunk_users=None, floor=None)
    parts = (config.dataset, config.split, evaluation, config.monitor(), config.trainer.valid_users)
    return " ".join(map(str, parts))


def without_seeds(config: RunConfig) -> RunConfig:
    """A config with the seeds of its data and split, and its fold, at their defaults."""
    return replace(config, dataset=_dataset(config.dataset), split=_split(config.split))


def _dataset(dataset: DatasetConfig) -> DatasetConfig:
    return replace(dataset, seed=None) if isinstance(dataset, SyntheticConfig) else dataset


def _split(split: SplitConfig) -> SplitConfig:
    if isinstance(split, KFoldConfig):
        return replace(split, seed=None, fold=0)
    return replace(split, seed=None) if isinstance(split, DrawnSplitConfig) else split
