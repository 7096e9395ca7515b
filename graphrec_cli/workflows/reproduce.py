"""Repeat a completed run from its config, and compare every figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any

import torch

from graphrec_cli.config.compose import Job
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.config.trackers import NO_TRACKERS, Trackers
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.config_fingerprint import IGNORED_KEYS
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.environment_history import changed_surroundings
from graphrec_cli.rundir.nested_diff import Change, diff, flatten
from graphrec_cli.training.checkpoints.file import load_checkpoint, weights_sha256
from graphrec_cli.workflows.launch import run_job
from graphrec_cli.workflows.run_outcome import RunOutcome


class Verdict(Enum):
    """Result of a comparison."""

    reproduced = "reproduced"
    different = "different"
    not_claimed = "not_claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, the recorded one first.

    Attributes:
        intended: config keys that an override changed.
        surroundings: versions, hardware and code that changed.
        figures: how many values of metrics.json the recorded run has.
        differences: values of metrics.json that differ.
        weights: digests of the two runs' best weights.
    """

    intended: dict[str, Change]
    surroundings: dict[str, Change]
    figures: int
    differences: dict[str, Change]
    weights: Change

    @property
    def verdict(self) -> Verdict:
        """The verdict; ``not_claimed`` if the config was changed."""
        if self.intended:
            return Verdict.not_claimed
        same = not self.differences and self.weights.was == self.weights.now
        return Verdict.reproduced if same else Verdict.different


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a completed run recorded."""

    metrics: dict[str, Any]
    environment: dict[str, Any]
    identity: DataIdentity
    weights: str


def read_recorded(run: RunDirectory, config: RunConfig) -> Recorded:
    """Read the results that a new run is compared with.

    Raises:
        ConfigError: the run is not completed.
        OutputError: a file cannot be read.
    """
    if not run.metrics.is_file():
        raise ConfigError(
            f"{run.path} has no metrics.json to compare with: {run.describe_status()}; "
            "graphrec train --from starts a new run from its config.json"
        )
    metrics, environment = run.read(run.metrics), run.read(run.environment)
    tested = config.split.without_test() is None
    if not isinstance(metrics.get("test"), dict if tested else NoneType):
        raise OutputError(f"cannot read {run.metrics}: it has no test figures")
    return Recorded(
        metrics=metrics,
        environment=environment,
        identity=DataIdentity.from_dict(environment, run.environment),
        weights=_weights_of(run),
    )


def reproduce(
    recorded: Recorded,
    saved: SavedConfig,
    wanted: SavedConfig,
    *,
    debug: bool,
    trackers: Trackers = NO_TRACKERS,
) -> tuple[RunOutcome, Comparison | None]:
    """Repeat the run in a new directory.

    Args:
        saved: the config of the recorded run.
        wanted: the same config with overrides.
        trackers: what follows the new run.

    Returns:
        The outcome of the new run, and the comparison, None if it did not complete.

    Raises:
        DifferenceError: a data file has changed.
        DataError: a data file is missing.
        GraphrecError: no run directory can be made.
    """
    intended = diff(_values(saved), _values(wanted))
    config = wanted.config
    seeds, wanted_seeds = (
        values.data_seeds(plugins=bool(saved.plugins)) for values in (saved.config, config)
    )
    same_data = seeds == wanted_seeds and not any(
        key.startswith(("dataset.", "split.")) for key in intended
    )
    if same_data:
        recorded.identity.refuse_changed(Path(saved.config.data_dir), Path(config.data_dir))
    if recorded.environment.get("device") == "cpu" and config.device is Device.auto:
        config = replace(config, device=Device.cpu)
    # Resuming an unfinished run would not repeat this one.
    config = replace(config, trainer=replace(config.trainer, autoresume=False))
    check_data(config)
    outcome = run_job(
        Job(config=config, choices=wanted.choices, overrides=[], number=0),
        debug=debug,
        expected=recorded.identity if same_data else None,
        trackers=trackers,
    )
    if outcome.metrics is None:
        return outcome, None
    # Read the new results from their files too, so that both sides passed through JSON.
    again = read_recorded(outcome.run, config)
    figures = flatten(_comparable(recorded.metrics, again.metrics))
    comparison = Comparison(
        intended=intended,
        surroundings=changed_surroundings(recorded.environment, again.environment),
        figures=len(figures),
        # Values that a later release adds to metrics.json are not compared.
        differences={
            place: change
            for place, change in diff(figures, flatten(again.metrics)).items()
            if place in figures
        },
        weights=Change(recorded.weights, again.weights),
    )
    return outcome, comparison


def _comparable(metrics: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    """The recorded metrics, without the floor if one run had no memory for a model of the other."""
    floor, floor_again = metrics.get("floor"), again.get("floor")
    if (
        floor is None
        or floor_again is None
        or floor["models"].keys() == floor_again["models"].keys()
    ):
        return metrics
    return {key: value for key, value in metrics.items() if key != "floor"}


def _weights_of(run: RunDirectory) -> str:
    state = load_checkpoint(run.best, torch.device("cpu")).get("model")
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise OutputError(f"cannot read the checkpoint {run.best}: it has no model weights")
    return weights_sha256(state)


def _values(saved: SavedConfig) -> dict[str, Any]:
    values = flatten(to_plain(saved.config))
    return {key: value for key, value in values.items() if key not in IGNORED_KEYS}
