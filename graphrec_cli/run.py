"""A run from its config to its finished run directory, one call per line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from graphrec_cli.audit.audit import audit
from graphrec_cli.components import build_model, check_sampler
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.log_lines import log_sizes
from graphrec_cli.data.splits.predefined import refuse_unrankable
from graphrec_cli.data.splits.split import Split
from graphrec_cli.distributed.launch import running_processes
from graphrec_cli.distributed.processes import Processes
from graphrec_cli.preparation import find_files, prepare
from graphrec_cli.reporting.run_plots import draw_run, live_curves
from graphrec_cli.results.expected_bands import against_bands
from graphrec_cli.results.final_test import evaluate_best, judge
from graphrec_cli.rundir.config_fingerprint import FREE_IN_RECIPE, config_sha256
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.data_npz import save_arrays, save_run_data
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.rundir.environment import command_line, describe_device, describe_environment
from graphrec_cli.rundir.environment_history import recorded_identity, with_earlier
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.progress import progress
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.checkpoints.helper import CheckpointHelper
from graphrec_cli.training.checkpoints.schedule import Checkpointing, run_stamp
from graphrec_cli.training.context import RunContext
from graphrec_cli.training.fit import AfterEpoch, Report, fit_model


def train(
    saved: SavedConfig,
    run: RunDirectory,
    *,
    signals: StopSignals,
    resumed: bool = False,
    expected: DataIdentity | None = None,
    floor: dict[str, Any] | None = None,
    report: Report | None = None,
    after_epoch: Sequence[AfterEpoch] = (),
) -> dict[str, Any]:
    """Prepare the data, train, evaluate, and write all results to ``run``.

    Args:
        saved: validated values, the content of the run's config.json.
        run: a new run directory, or that of an unfinished run.
        signals: signals that may stop the run.
        resumed: continue from the newest checkpoint, if there is one.
        expected: the data and the split that the run must have; None accepts any.
        floor: ``floor`` of another run's metrics.json with the same data, seed and metric.
        report: called after every validation; it may raise ``Pruned``.
        after_epoch: each is called after every epoch, with the history so far.

    Returns:
        The content of metrics.json.

    Raises:
        GraphrecError: a subclass that says what failed, with its exit code.
        Pruned: ``report`` ended the training.
        Interrupted: a signal arrived; the newest checkpoint has the state so far.
    """
    config, processes = saved.config, running_processes()
    device = pick_device(config.device)
    processes.use_gpu(device)
    environment = describe_environment(
        command_line(), device, torch.get_num_threads(), processes.size
    )
    if resumed:
        environment = with_earlier(environment, run)
        expected = recorded_identity(environment, run)
    write_json(run.environment, environment)

    prepared = prepare(config, PreparedCache(config, find_files(config)), DropReport(run))
    signals.check()  # a library that is being imported can swallow the exception of a signal
    split = prepared.split
    log_sizes(split)
    device = pick_device(config.device, split.train.num_pairs)
    environment |= describe_device(device)
    context = RunContext.of(config, split, device, processes)
    if isinstance(config.split, PredefinedConfig):
        refuse_unrankable(split)
    context.evaluation.check(split.train)
    check_sampler(config, split.train)
    identity = DataIdentity(prepared.files, split.hash())
    if expected is not None:
        expected.refuse_other(identity)
    write_json(run.environment, environment | identity.to_dict())
    with progress(f"writing {run.data.name}"):
        save_run_data(run.data, split, prepared.title, prepared.attributes)

    processes.send(SharedRun(config=config, split=split, device=device.type, resumed=resumed))
    with progress("building and checking the model"):
        model = build_model(config, split.train, device, processes)
        audit(context, model, run)
    signals.check()
    checkpointing = Checkpointing(run, config.trainer, run_stamp(saved, identity), processes)
    plots = [live_curves(config, run, floor).after_epoch] if config.plots else []
    fitted = fit_model(
        context,
        model,
        checkpointing,
        signals,
        resumed=resumed,
        report=report,
        after_epoch=[*after_epoch, *plots],
    )
    figures, test = judge(context, fitted, prepared.preferences, floor, prepared.attributes)
    processes.finish()
    bands = against_bands(
        config.expected,
        None if test is None else test.metrics,
        epochs=len(fitted.history),
        split_hash=identity.split_hash,
        values_sha256=config_sha256(config_to_dict(saved), but=FREE_IN_RECIPE),
    )
    metrics = figures | {"expected": bands}
    if test is not None:
        with progress(f"writing {run.ranks.name}"):
            save_arrays(run.ranks, test.arrays)
    write_json(run.metrics, metrics)
    if config.plots:
        with progress("drawing the plots"):
            draw_run(config, run, fitted.history, metrics)
    return metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRun:
    """What the first of several processes sends the others.

    Attributes:
        device: type of the device.
        resumed: continue from the newest checkpoint, if there is one.
    """

    config: RunConfig
    split: Split
    device: str
    resumed: bool


def take_part(shared: SharedRun, processes: Processes, signals: StopSignals) -> None:
    """Train and evaluate with the first process, which is in ``train``; nothing is written.

    Raises:
        GraphrecError: what ended the training here, or in another process.
        Interrupted: a signal arrived.
    """
    split, device = shared.split, torch.device(shared.device)
    processes.use_gpu(device)
    context = RunContext.of(shared.config, split, device, processes)
    model = build_model(shared.config, split.train, device, processes)
    fitted = fit_model(context, model, CheckpointHelper(processes), signals, resumed=shared.resumed)
    evaluate_best(context, fitted)
