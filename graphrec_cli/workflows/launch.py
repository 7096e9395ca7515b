"""Start and resume runs: directory, lock, threads."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from graphrec_cli.config.compose import Job
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict, to_plain
from graphrec_cli.config.trackers import NO_TRACKERS, Trackers
from graphrec_cli.config.unused import sampler_in_use
from graphrec_cli.distributed.launch import launched_processes
from graphrec_cli.distributed.supported import refuse_unsupported
from graphrec_cli.errors import ConfigError, DataError, DifferenceError
from graphrec_cli.rundir.config_fingerprint import with_values
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory, make_folder, timestamp
from graphrec_cli.rundir.lock import RunInUse, held_lock
from graphrec_cli.storage.atomic import remove_file, remove_leftovers, write_json
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.malloc import keep_freed_memory
from graphrec_cli.system.threads import set_threads
from graphrec_cli.training.fit import Report
from graphrec_cli.workflows.find_unfinished import unfinished_runs, warn_of_other_epochs
from graphrec_cli.workflows.run_outcome import RunOutcome, train_and_record

log = logging.getLogger("graphrec")

_REFUSED = (ConfigError.exit_code, DataError.exit_code, DifferenceError.exit_code)
"""Exit codes of a run that its config or its data stopped."""

_DEFAULT_THREADS = torch.get_num_threads()


def run_job(
    job: Job,
    *,
    folder: Path | None = None,
    debug: bool = False,
    expected: DataIdentity | None = None,
    floor: dict[str, Any] | None = None,
    report: Report | None = None,
    trackers: Trackers = NO_TRACKERS,
) -> RunOutcome:
    """Make the run directory, train in it and record the outcome.

    With ``trainer.autoresume``, resume the newest unfinished run of the same config instead, if
    one exists that no other process is training.

    Args:
        folder: the run directory; it may exist, without a config.json. None makes one under
            ``output_dir``, and only then there is something to resume.
        expected: the data and the split that the run must use; None accepts any.
        floor: ``floor`` of another run's metrics.json with the same data, seed and metric.
        report: called after every validation; it may raise ``Pruned``.
        trackers: what follows the run.

    Raises:
        ConfigError: the run directory cannot be made.
        OutputError: it cannot be written to.
    """
    config = with_threads(job.config)
    new = SavedConfig(config, job.choices, tuple(LOADED.plugins.values()))
    content = config_to_dict(new)
    if config.trainer.autoresume and folder is None:
        for unfinished, saved in unfinished_runs(content, Path(config.output_dir)):
            # Keep the number of threads: another one would change the last bits.
            threads = job.config.num_threads or saved.config.num_threads
            wanted = replace(config, num_threads=threads)
            with suppress(RunInUse):
                return resume_run(unfinished, saved, wanted, debug=debug, trackers=trackers)
    if folder is None:
        run = RunDirectory.create(Path(config.output_dir), f"{timestamp()}_{describe_run(config)}")
    else:
        run = RunDirectory.in_folder(folder)
    with held_lock(run.lock):
        write_json(run.config, content)
        return train_and_record(
            new,
            run,
            debug=debug,
            expected=expected,
            floor=floor,
            report=report,
            trackers=trackers,
            resumed=False,
            notes=job.notes,
        )


def describe_run(config: RunConfig) -> str:
    """Model, data set and sampler, for the names of run directories."""
    return f"{config.model.name}_{config.dataset.name}_{sampler_in_use(config)}"


def resume_run(
    run: RunDirectory,
    saved: SavedConfig,
    wanted: RunConfig,
    *,
    debug: bool = False,
    report: Report | None = None,
    trackers: Trackers = NO_TRACKERS,
) -> RunOutcome:
    """Resume a run from its newest checkpoint; a completed run is left unchanged.

    Args:
        saved: the run's config.json.
        wanted: the same config, in which the keys of ``RESUMABLE`` may differ.
        report: called after every validation; it may raise ``Pruned``.
        trackers: what follows the run from here on.

    Raises:
        RunInUse: another process is training there.
        GraphrecError: the directory cannot be read or written to.
    """
    if run.is_completed():
        return _already_completed(run, wanted)
    config = with_threads(wanted)
    with held_lock(run.lock):
        if run.is_completed():  # by the process that has just released the lock
            return _already_completed(run, config)
        for folder in (run.path, run.checkpoints):
            make_folder(folder)
            remove_leftovers(folder)
        for file in (run.metrics, run.ranks):  # the evaluation writes them again
            remove_file(file)
        warn_of_other_epochs(saved.config, config)
        before = config_to_dict(saved)
        content = with_values(before, to_plain(config))
        if content != before:
            write_json(run.config, content)
        resumed = replace(saved, config=config)
        outcome = train_and_record(
            resumed,
            run,
            debug=debug,
            expected=None,
            resumed=True,
            report=report,
            trackers=trackers,
        )
        if outcome.exit_code in _REFUSED and content != before:
            write_json(run.config, before)
        return outcome


def _already_completed(run: RunDirectory, config: RunConfig) -> RunOutcome:
    log.info("%s is already completed; nothing to resume", run.path)
    metrics = run.read(run.metrics)
    return RunOutcome(run=run, config=config, metrics=metrics, error=None, exit_code=0)


def with_threads(config: RunConfig) -> RunConfig:
    """Set the number of threads, and record it in the config.

    Raises:
        ConfigError: CUDA is requested but not available, or the processes cannot train this.
    """
    device = pick_device(config.device)  # fail before a folder is made
    refuse_unsupported(config, launched_processes(), device)
    keep_freed_memory()
    threads = config.num_threads or _DEFAULT_THREADS
    set_threads(threads)
    return replace(config, num_threads=threads)
