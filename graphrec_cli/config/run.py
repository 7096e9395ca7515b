"""The configuration of one run: a dataclass a group, and the keys beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from graphrec_cli.config.bands import ExpectedConfig
from graphrec_cli.config.checks import check_between, check_folder
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.evaluation import EvaluationConfig
from graphrec_cli.config.loss import LossConfig
from graphrec_cli.config.model import LearnsFrom, ModelConfig
from graphrec_cli.config.sampler import SamplerConfig, UniformConfig
from graphrec_cli.config.split import SplitConfig
from graphrec_cli.config.trainer import Precision, TrainerConfig
from graphrec_cli.errors import ConfigError


class Device(Enum):
    """Where tensors live."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


@dataclass(kw_only=True, slots=True)
class RunConfig:
    """All that a run depends on besides the data."""

    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seed: int = 42
    """Feeds every random generator of the run."""
    device: Device = Device.auto
    """auto takes CUDA where there is a GPU."""
    num_threads: int | None = None
    """CPU threads; null leaves the choice to torch, and the number taken is recorded."""
    data_dir: str = "data"
    """Folder whose sub-folders hold the data sets."""
    output_dir: str = "outputs"
    """Folder in which run directories are made."""
    cache_dir: str | None = None
    """Folder that keeps prepared data for later runs; null is the user's own cache folder."""
    expected: ExpectedConfig = field(default_factory=ExpectedConfig)
    """Where an experiment is known to end up."""
    plots: bool = True
    """Draw the loss and metric curves into the run directory."""

    def __post_init__(self) -> None:
        check_between("seed", self.seed, 0, 2**63 - 1)
        if self.num_threads is not None:
            check_between("num_threads", self.num_threads, 1, 1024)
        check_folder("data_dir", self.data_dir)
        check_folder("output_dir", self.output_dir)
        if self.cache_dir is not None:
            check_folder("cache_dir", self.cache_dir)
        self._check_cache_dir()
        self.monitored_k()
        for band in self.expected.bands:
            self._cutoff("expected.bands.metric", band.metric)
        self._check_what_is_learnt()

    def monitored_k(self) -> int | None:
        """The cut-off of the metric that selects, None for one that has none.

        Raises:
            ConfigError: it is no metric that the evaluation computes.
        """
        return self._cutoff("trainer.monitor", self.monitor())

    def _cutoff(self, key: str, name: str) -> int | None:
        metric, _, k = name.partition("@")
        if name in self.evaluation.metrics():
            return None
        with_k = self.evaluation.metrics_at_k()
        if metric in with_k and k.isascii() and k.isdigit() and not k.startswith("0"):
            return int(k)
        known = ", ".join([*self.evaluation.metrics(), *(f"{name}@k" for name in with_k)])
        raise ConfigError(f"{key} must be one of {known}, got '{name}'")

    def monitor(self) -> str:
        """The valid metric that selects: ``trainer.monitor``, or else the evaluation's own."""
        chosen = self.trainer.monitor
        return self.evaluation.default_monitor() if chosen is None else chosen

    def _check_what_is_learnt(self) -> None:
        """Refuse a loss, a sampler or an evaluation that the model has no use for."""
        wanted, given = self.model.learns_from(), self.loss.learns_from()
        losses = {
            LearnsFrom.triples: {LearnsFrom.triples: "bpr", LearnsFrom.candidates: "softmax"},
            LearnsFrom.ratings: {LearnsFrom.ratings: "mse"},
        }
        if wanted is not LearnsFrom.nothing and given not in losses[wanted]:
            raise ConfigError(
                f"model={self.model.name} learns from {wanted.name} and loss={self.loss.name} from "
                f"{given.name}; set loss={' or loss='.join(losses[wanted].values())}, or choose "
                "another model"
            )
        if self.trainer.precision is Precision.bf16 and not self.model.propagates():
            raise ConfigError(
                "trainer.precision=bf16 rounds what training propagates, and "
                f"model={self.model.name} propagates nothing; leave trainer.precision=fp32"
            )
        if self.evaluation.predicts_ratings() and wanted is not LearnsFrom.ratings:
            raise ConfigError(
                f"evaluation={self.evaluation.name} needs predicted ratings, and "
                f"model={self.model.name} gives none; set model=lightgcn_rating loss=mse"
            )
        # What a sampler says of negatives would be ignored.
        learns = wanted is not LearnsFrom.nothing
        own_negatives = {
            LearnsFrom.ratings: "takes rated pairs and no negatives",
            LearnsFrom.candidates: "draws its negatives for the whole batch",
        }.get(given)
        if learns and own_negatives and self.sampler != UniformConfig(by=self.sampler.by):
            raise ConfigError(
                f"loss={self.loss.name} {own_negatives}, so that of the sampler only sampler.by "
                "counts; leave sampler=uniform as it is"
            )

    def _check_cache_dir(self) -> None:
        """Refuse a cache among the runs, where a glob would meet it."""
        if self.cache_dir is None:
            return
        try:
            inside = Path(self.cache_dir).resolve().is_relative_to(Path(self.output_dir).resolve())
        # A NUL byte, a link that leads back to itself, a working directory that has gone.
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(f"cache_dir {self.cache_dir!r} names no folder: {error}") from error
        if inside:
            raise ConfigError(
                f"cache_dir must not lie in output_dir, got cache_dir '{self.cache_dir}' and "
                f"output_dir '{self.output_dir}'; choose a folder elsewhere"
            )

    def cutoffs(self) -> list[int]:
        """``evaluation.ks`` and the monitor's own cut-off, ascending."""
        k = self.monitored_k()
        return sorted({*self.evaluation.ks, *([] if k is None else [k])})
