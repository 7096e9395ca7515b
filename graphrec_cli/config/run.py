"""The configuration of one run: a dataclass for each group, and the keys beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated

from graphrec_cli.config.bands import ExpectedConfig
from graphrec_cli.config.checks import MAX_INTEGER, Between, Folder, check_fields
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.evaluation import EvaluationConfig
from graphrec_cli.config.loss import LossConfig
from graphrec_cli.config.model import LearnsFrom, ModelConfig
from graphrec_cli.config.sampler import PositivesBy, SamplerConfig
from graphrec_cli.config.split import SplitConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.trainer import Precision, TrainerConfig
from graphrec_cli.errors import ConfigError


class Device(Enum):
    """Where a run computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


@dataclass(kw_only=True, slots=True)
class RunConfig:
    """Everything that a run depends on besides the data."""

    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    """Which interactions are read, and which of them are positives."""
    split: SplitConfig = field(default_factory=SplitConfig)
    """How interactions are divided into train, valid and test parts."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """How a user's score of an item is computed."""
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    """Which positive and negative items a training step gets."""
    loss: LossConfig = field(default_factory=LossConfig)
    """What a training step minimises."""
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    """Optimisation, validation, early stopping and checkpoints."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    """How held-out items are ranked and which metrics are computed."""
    seed: Annotated[int, Between(0, MAX_INTEGER)] = 42
    """Seed of all random generators of the run, but for those that have a seed of their own:
    split.seed and dataset.seed."""
    device: Device = Device.auto
    """Device to compute on; auto: CUDA if there is a GPU and at least 10,000 train pairs, else the
    CPU."""
    num_threads: Annotated[int | None, Between(1, 1024)] = None
    """Number of CPU threads; null: torch's own choice. The run directory records it."""
    data_dir: Annotated[str, Folder()] = "data"
    """Folder with one sub-folder per data set. The variable GRAPHREC_DATA changes the default."""
    output_dir: Annotated[str, Folder()] = "outputs"
    """Folder for new run directories."""
    cache_dir: Annotated[str | None, Folder()] = None
    """Folder for prepared data, which later runs reuse; null: graphrec in the user's cache folder.
    It must be outside output_dir."""
    expected: ExpectedConfig = field(default_factory=ExpectedConfig)
    """Test metrics that a recipe is known to reach. A run with its values reports whether it
    did."""
    plots: bool = True
    """Draw the curves of the training and the test metrics into the run directory."""

    def __post_init__(self) -> None:
        check_fields(self, "")
        self._check_cache_dir()
        self.monitored_k()
        for band in self.expected.bands:
            self.evaluation.cutoff("expected.bands.metric", band.metric)
        self._check_what_is_learnt()
        self._check_own_files()
        self._check_weights()

    def split_seed(self) -> int:
        """The seed that the split is drawn with."""
        return self._seed_of(self.split)

    def dataset_seed(self) -> int:
        """The seed that data in memory are generated with."""
        return self._seed_of(self.dataset)

    def data_seeds(self, *, plugins: bool) -> dict[str, int]:
        """The seeds that the prepared data depend on, by group.

        Args:
            plugins: whether plugins are loaded, whose components may draw without a ``seed`` key.
        """
        seeds = {"dataset": self.dataset_seed(), "split": self.split_seed()}
        return {
            group: seed
            for group, seed in seeds.items()
            if plugins or hasattr(getattr(self, group), "seed")
        }

    def _seed_of(self, component: DatasetConfig | SplitConfig) -> int:
        own: int | None = getattr(component, "seed", None)
        return self.seed if own is None else own

    def monitored_k(self) -> int | None:
        """The cut-off of the metric that selects the best epoch, None for a metric without one.

        Raises:
            ConfigError: the evaluation does not compute it.
        """
        return self.evaluation.cutoff("trainer.monitor", self.monitor())

    def monitor(self) -> str:
        """The valid metric that selects: ``trainer.monitor``, or the evaluation's default."""
        chosen = self.trainer.monitor
        return self.evaluation.default_monitor() if chosen is None else chosen

    def _check_what_is_learnt(self) -> None:
        """Refuse a loss or an evaluation that does not fit the model."""
        wanted, given = self.model.learns_from(), self.loss.learns_from()
        losses = {
            LearnsFrom.triples: "bpr",
            LearnsFrom.candidates: "softmax",
            LearnsFrom.ratings: "mse",
        }
        if wanted and given not in wanted:
            raise ConfigError(
                f"model={self.model.name} learns from {' or '.join(kind.name for kind in wanted)} "
                f"but loss={self.loss.name} needs {given.name}; set "
                f"loss={' or loss='.join(losses[kind] for kind in wanted)}, or choose another model"
            )
        bf16 = self.trainer.precision is Precision.bf16
        if wanted and bf16 and not self.model.propagates():
            raise ConfigError(
                "trainer.precision=bf16 only applies to propagated embeddings, and "
                f"model={self.model.name} propagates nothing; use trainer.precision=fp32"
            )
        if self.evaluation.predicts_ratings() and LearnsFrom.ratings not in wanted:
            raise ConfigError(
                f"evaluation={self.evaluation.name} needs predicted ratings, and "
                f"model={self.model.name} does not predict them; set evaluation=default, or "
                "model=lightgcn_rating loss=mse"
            )

    def _check_own_files(self) -> None:
        """Refuse a table with a test file that is not used, or without one that is needed."""
        if not isinstance(self.dataset, TableConfig):
            return
        if self.dataset.test_path is not None and self.split.name != "predefined":
            raise ConfigError(
                "dataset.test_path is the test part of a split of its own, which "
                f"split={self.split.name} does not use; set split=predefined, or leave out "
                "dataset.test_path and dataset.valid_path"
            )
        if self.dataset.test_path is None and self.split.name == "predefined":
            raise ConfigError(
                "split=predefined needs the file of the test part; set dataset.test_path, or "
                "choose split=ratio"
            )

    def _check_weights(self) -> None:
        """Refuse positives by weight where no data set gives weights."""
        by_weight = self.model.learns_from() and self.sampler.by is PositivesBy.weight
        if by_weight and not self.dataset.has_weights():
            advice = "choose another sampler.by, or dataset=table, which reads weights"
            if isinstance(self.dataset, TableConfig):
                advice = "set dataset.weight to the name of the column"
            raise ConfigError(f"sampler.by=weight needs a column of weights; {advice}")

    def _check_cache_dir(self) -> None:
        """Refuse a cache folder among the runs, where a search for runs would find it."""
        if self.cache_dir is None:
            return
        try:
            inside = Path(self.cache_dir).resolve().is_relative_to(Path(self.output_dir).resolve())
        # A NUL byte, a link to itself, or a deleted working directory.
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(f"cache_dir {self.cache_dir!r} is not a folder: {error}") from error
        if inside:
            raise ConfigError(
                f"cache_dir must not be inside output_dir, got cache_dir '{self.cache_dir}' and "
                f"output_dir '{self.output_dir}'; choose a folder elsewhere"
            )

    def cutoffs(self) -> list[int]:
        """``evaluation.ks`` and the monitor's own cut-off, ascending."""
        k = self.monitored_k()
        return sorted({*self.evaluation.ks, *([] if k is None else [k])})

    def metric_keys(self) -> list[str]:
        """The metrics that the run computes, such as ``ndcg@10``."""
        with_k = self.evaluation.metrics_at_k()
        at_k = [f"{name}@{k}" for k in self.cutoffs() for name in with_k]
        return [*at_k, *self.evaluation.metrics()]
