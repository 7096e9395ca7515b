"""The entries of a comparison: runs that differ in seeds alone, and lists of other programs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from graphrec_cli.config.evaluation import MapDenominator, RankingConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.rundir.config_fingerprint import MACHINE, config_sha256
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.judged import JudgedLists

log = logging.getLogger("graphrec")

SEEDS = ("seed", "dataset.seed", "split.seed", "split.fold")
"""Keys in which the runs of an entry may differ."""
WITHOUT_EFFECT = ("evaluation.ks", "evaluation.chunk_users", "evaluation.floor")
"""Keys of an evaluation that change no rank."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run, or lists that were judged on the split of a run.

    Attributes:
        directory: where they are.
        split_hash: of the split that they are judged on.
        source: the run's config.json, or the lists' judged.json.
    """

    directory: RunDirectory
    split_hash: str
    source: SavedConfig | JudgedLists

    @property
    def seed(self) -> int | None:
        """The seed of a run."""
        return self.source.config.seed if isinstance(self.source, SavedConfig) else None

    @property
    def monitor(self) -> str:
        """The metric that selected the epoch of a run."""
        if isinstance(self.source, JudgedLists):
            return self.source.monitor
        return self.source.config.monitor()

    @property
    def map_denominator(self) -> MapDenominator:
        """The denominator of map@k."""
        if isinstance(self.source, JudgedLists):
            return self.source.map_denominator
        evaluation = self.source.config.evaluation
        assert isinstance(evaluation, RankingConfig)
        return evaluation.map_denominator


def group_runs(runs: Sequence[ComparedRun], *, apart: bool) -> list[list[ComparedRun]]:
    """Gather runs whose configs differ in seeds and folds alone.

    A run that repeats another one of its group, with the same seed and split, is left out: it would
    count as one more seed. Lists of one name are a group if each is of another split.

    Args:
        apart: keep every run apart.

    Returns:
        The groups, whose order and whose runs' order do not depend on the order of ``runs``.
    """
    groups: dict[str, list[ComparedRun]] = {}
    for run in sorted(runs, key=lambda run: (run.split_hash, run.seed or 0, _path(run))):
        groups.setdefault(_path(run) if apart else _key(run, runs), []).append(run)
    return [_without_repeats(group) for _, group in sorted(groups.items())]


def _key(run: ComparedRun, runs: Sequence[ComparedRun]) -> str:
    if isinstance(run.source, SavedConfig):
        return config_sha256(config_to_dict(run.source), but=(*MACHINE, *SEEDS, *WITHOUT_EFFECT))
    same = [
        other.split_hash
        for other in runs
        if isinstance(other.source, JudgedLists) and other.source.name == run.source.name
    ]
    return f"name {run.source.name}" if len(set(same)) == len(same) else f"path {_path(run)}"


def _without_repeats(group: Sequence[ComparedRun]) -> list[ComparedRun]:
    first: dict[tuple[str, int | None], ComparedRun] = {}
    for run in group:
        kept = first.setdefault((run.split_hash, run.seed), run)
        if kept is not run:
            log.warning(
                "%s is left out: %s has the same configuration, split and seed (groups=false keeps "
                "both)",
                run.directory.path,
                kept.directory.path,
            )
    return list(first.values())


def _path(run: ComparedRun) -> str:
    return str(run.directory.path)
