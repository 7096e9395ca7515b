"""Evaluate a completed run from its directory."""

from __future__ import annotations

from typing import NamedTuple

from graphrec_cli.components import build_evaluation
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.evaluation.beyond_accuracy import BeyondAccuracy
from graphrec_cli.evaluation.protocol import Evaluation, PartResult
from graphrec_cli.rundir.data_npz import load_attributes
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.saved_run import SavedRun, load_run


class Evaluated(NamedTuple):
    """The result of an evaluation, and how the lists look; None if nothing is ranked."""

    result: PartResult
    beyond: BeyondAccuracy | None


def evaluate_run(run: RunDirectory, saved: SavedConfig, config: RunConfig, part: str) -> PartResult:
    """Evaluate ``part`` (test or valid) with the run's best weights.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    return _evaluate(load_run(run, saved, config), config, part)[1]


def evaluate_beyond_accuracy(
    run: RunDirectory, saved: SavedConfig, config: RunConfig, part: str
) -> Evaluated:
    """Evaluate ``part``, and look at the lists of its users.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    loaded = load_run(run, saved, config)
    attributes = load_attributes(run.data, len(loaded.split.items))
    evaluation, result = _evaluate(loaded, config, part)
    return Evaluated(
        result,
        evaluation.beyond_accuracy(loaded.model, loaded.split, part, result, attributes),
    )


def _evaluate(loaded: SavedRun, config: RunConfig, part: str) -> tuple[Evaluation, PartResult]:
    evaluation = build_evaluation(config, loaded.device)
    evaluation.check(loaded.split.train)
    return evaluation, evaluation.evaluate(loaded.model, loaded.split, part)
