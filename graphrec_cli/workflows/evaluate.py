"""Evaluate a completed run from its directory."""

from __future__ import annotations

from graphrec_cli.components import build_evaluation
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.evaluation.protocol import PartResult
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.saved_run import load_run


def evaluate_run(run: RunDirectory, saved: SavedConfig, config: RunConfig, part: str) -> PartResult:
    """Evaluate ``part`` (test or valid) with the run's best weights.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    loaded = load_run(run, saved, config)
    evaluation = build_evaluation(config, loaded.device)
    evaluation.check(loaded.split.train)
    return evaluation.evaluate(loaded.model, loaded.split, part)
