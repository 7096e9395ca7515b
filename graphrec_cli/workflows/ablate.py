"""Put the changes of a run back, each alone in a run of its own, and compare user by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from graphrec_cli.config.ablation import Change
from graphrec_cli.config.experiment_file import OF_THE_COMMAND
from graphrec_cli.config.fitted_words import FittedWords
from graphrec_cli.config.serialize import SavedConfig, config_to_dict, read_config
from graphrec_cli.config.unused import wants_floor
from graphrec_cli.results.paired_interval import Interval, paired_interval
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.sweep_folder import SweepRecord
from graphrec_cli.workflows.held_out_ranks import user_metric
from graphrec_cli.workflows.plan_sweep import plan_job, record_of
from graphrec_cli.workflows.run_and_record import digest_of


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of a run with one change put back.

    Attributes:
        run: number of the run in the sweep's folder, from 1.
        change: what was put back.
        value: metric of the run.
        difference: of the metric from the run that is ablated, over the same users.
        users: their number.
    """

    run: int
    change: Change
    value: float
    difference: Interval
    users: int


def plan_ablation(
    saved: SavedConfig, fitted: Sequence[FittedWords], run: RunDirectory, against: str
) -> SweepRecord:
    """What a new ablation writes into its sweep.json.

    Args:
        saved: config of the run.
        fitted: the words and values of each job.
        run: the run that is ablated.
        against: what its changes are put back to, as it was named.

    Raises:
        ConfigError: a device is not available.
    """
    width = len(str(len(fitted)))
    jobs = []
    for number, each in enumerate(fitted):
        changed = [word.partition("=") for word in each.kept]
        values = {key: value for key, _, value in changed if key not in OF_THE_COMMAND}
        job = plan_job(number, each.kept, values, each.config, width=width)
        jobs.append(replace(job, floor_of=0 if wants_floor(each.config) else None))
    record = record_of([], fitted[0].config, saved, jobs, elsewhere=False)
    return replace(record, ablation={"run": str(run.path), "against": against})


def changes_nothing(saved: SavedConfig, fitted: FittedWords) -> bool:
    """Whether a job would only repeat the run."""
    plain = replace(saved, config=fitted.config)
    return digest_of(config_to_dict(plain)) == digest_of(config_to_dict(saved))


def effects_of(
    run: RunDirectory,
    folder: Path,
    changes: Sequence[Change],
    results: Sequence[dict[str, Any]],
    part: str,
    metric: str,
) -> tuple[float, list[Effect]]:
    """Rank a part with every completed run, and compare each with the run that is ablated.

    Args:
        folder: the sweep's folder.
        changes: of each job, by number.
        results: of the sweep's folder.
        part: ``valid`` or ``test``.
        metric: such as ``ndcg@10``.

    Returns:
        The metric of the run, and an effect for each completed job, the largest loss first.

    Raises:
        GraphrecError: a run directory cannot be read.
    """
    users, ours = user_metric(run, read_config(run.config), part, metric)
    effects = []
    for result in results:
        if result["metrics"] is None:
            continue
        other = RunDirectory(folder / Path(result["run"]).name)
        other_users, values = user_metric(other, read_config(other.config), part, metric)
        assert np.array_equal(users, other_users)
        effects.append(
            Effect(
                run=result["number"] + 1,
                change=changes[result["number"]],
                value=float(values.mean()),
                difference=paired_interval(values - ours),
                users=len(users),
            )
        )
    effects.sort(key=lambda effect: effect.difference.mean)
    return float(ours.mean()), effects
