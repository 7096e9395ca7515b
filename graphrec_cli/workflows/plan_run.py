"""Plan a run: prepare its data, compute its memory, and time a few of its steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import torch

from graphrec_cli.components import build_evaluation, build_model, check_sampler
from graphrec_cli.config.closed_form import ClosedFormConfig
from graphrec_cli.config.plan_words import PlanWords
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.config.unused import wants_floor
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.splits.predefined import refuse_unrankable
from graphrec_cli.models.base import Model
from graphrec_cli.planning.dead_settings import dead_settings
from graphrec_cli.planning.evaluation_time import time_evaluation
from graphrec_cli.planning.gpu import check_gpu
from graphrec_cli.planning.memory import nested_bytes, plan_memory
from graphrec_cli.planning.ranks import check_ranks
from graphrec_cli.planning.report import (
    HostMemory,
    RunTimes,
    describe_elsewhere,
    describe_memory,
    describe_run,
    describe_times,
)
from graphrec_cli.planning.sizes import RunSizes, run_sizes
from graphrec_cli.planning.step_time import time_steps
from graphrec_cli.preparation import find_files, prepare
from graphrec_cli.results.final_test import find_baselines
from graphrec_cli.results.floor import MOST_OPERATIONS, candidates
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.free_memory import free_memory
from graphrec_cli.system.progress import progress
from graphrec_cli.system.resident_memory import peak_memory, resident_memory
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.build_trainer import build_trainer
from graphrec_cli.training.context import RunContext
from graphrec_cli.workflows.launch import with_threads

_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preparation:
    """The prepared data, and what the next run takes to have them.

    Attributes:
        state: of the cache before.
        seconds: of a run that finds the data in the cache, where it keeps them.
        peak: bytes of the process at most; 0 if the next run finds the data in the cache.
        kept: bytes that the process has more than before; 0 likewise.
    """

    prepared: Prepared
    state: str
    seconds: float
    peak: int
    kept: int


def plan_run(config: RunConfig, words: PlanWords) -> dict[str, Any]:
    """Plan what ``train`` would do with this config, and make no run directory.

    The prepared data are stored in the cache, as by ``train``. A model that is trained, or only
    counts, is timed in real steps and evaluations if it fits into memory.

    Returns:
        The report in plain values for JSON and ``reporting.plan_tables``.

    Raises:
        GraphrecError: as in ``train``, before training; or a model that ``words`` do not fit.
    """
    if words.ranks > 1:
        check_ranks(config, words.ranks)
    if words.gpu_bandwidth is not None:
        check_gpu(config)
    config = with_threads(config)
    _load_late_libraries(config)
    libraries = resident_memory()
    preparation = _prepare(config, libraries)
    split = preparation.prepared.split
    device = pick_device(config.device, split.train.num_pairs)
    context = RunContext.of(config, split, device)
    if isinstance(config.split, PredefinedConfig):
        refuse_unrankable(split)
    context.evaluation.check(split.train)
    check_sampler(config, split.train)

    sizes = run_sizes(config, split)
    compared, left_out = _compared(context)
    solved = [config.model] if isinstance(config.model, ClosedFormConfig) else compared
    memory = plan_memory(config, split, sizes, device=device.type, closed_forms=solved)
    host = HostMemory(
        libraries=libraries,
        data_set=max(nested_bytes(preparation.prepared), preparation.kept),
        preparation=preparation.peak,
        free=free_memory(torch.device("cpu")) + resident_memory(),
    )
    device_free = free_memory(device) if device.type == "cuda" else None
    described = describe_memory(memory, host, device_free)
    not_timed = _why_not_timed(config, described)
    times = None if not_timed else _calibrate(context, preparation.prepared, sizes)
    return {
        **describe_run(config, sizes, device.type, preparation.state),
        "memory": described,
        "time": times and describe_times(sizes, preparation.seconds, times),
        "not_timed": not_timed,
        "floor": {"compared": [model.name for model in compared], "left_out": left_out},
        **describe_elsewhere(config, split, sizes, memory, times, words),
        "dead": dead_settings(config, sizes, split),
    }


def _load_late_libraries(config: RunConfig) -> None:
    """Import what a run imports on its way, so that its memory is counted."""
    if config.plots:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    if wants_floor(config) or isinstance(config.model, ClosedFormConfig):
        import scipy.sparse  # noqa: F401


def _prepare(config: RunConfig, before: int) -> _Preparation:
    """Prepare the data, and load them from the cache if they were not there before.

    Args:
        before: bytes of the process.
    """
    started = time.perf_counter()
    cache = PreparedCache(config, find_files(config))
    prepared = prepare(config, cache, DropReport(only_failures=True))
    state, peak, kept = cache.state, peak_memory(), resident_memory() - before
    if cache.kept or cache.state == "there":
        peak = kept = 0
    if cache.kept:
        started = time.perf_counter()
        prepared = PreparedCache(config, find_files(config)).get() or prepared
    seconds = time.perf_counter() - started
    return _Preparation(prepared=prepared, state=state, seconds=seconds, peak=peak, kept=kept)


def _compared(context: RunContext) -> tuple[list[ClosedFormConfig], list[str]]:
    """The closed forms that a run compares its model with, and the names of those left out."""
    if context.validation is None or not wants_floor(context.config):
        return [], []
    found = candidates(context.validation)
    cheap = [model for model, operations in found if operations <= MOST_OPERATIONS[model.name]]
    return cheap, [model.name for model, _ in found if model not in cheap]


def _why_not_timed(config: RunConfig, memory: dict[str, Any]) -> str | None:
    """Why nothing is timed; None if steps and evaluations are."""
    if isinstance(config.model, ClosedFormConfig):
        return (
            f"model={config.model.name} is solved in one piece, which is not predicted: a short "
            "trial tells nothing about it"
        )
    for place, plan in (("", memory), (" on the GPU", memory["gpu"])):
        if plan is not None and plan["peak"] > plan["free"]:
            return (
                f"the run needs {plan['peak'] / _GB:.1f} GB{place}, and "
                f"{plan['free'] / _GB:.1f} GB are free"
            )
    return None


def _calibrate(context: RunContext, prepared: Prepared, sizes: RunSizes) -> RunTimes:
    """Time real steps, and evaluations of the model and of the baselines."""
    config, split, device = context.config, context.split, context.device
    with progress("building the model", in_log=False):
        model = build_model(config, split.train, device)
    steps = None
    if config.model.learns_from():
        steps = time_steps(build_trainer(context, model, StopSignals()))
    all_users = replace(config, trainer=replace(config.trainer, valid_users=None))
    evaluation = build_evaluation(all_users, device)

    def seconds(model: Model, part: str, users: int) -> float:
        return time_evaluation(evaluation, model, split, part, users) if users else 0.0

    return RunTimes(
        steps=steps,
        validation=seconds(model, "valid", sizes.valid_users),
        test=seconds(model, "test", sizes.test_users),
        baselines=sum(
            seconds(baseline, "test", sizes.test_users)
            for baseline in find_baselines(context, prepared.preferences).values()
        ),
    )
