"""The plan of a run in plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graphrec_cli.config.plan_words import PlanWords
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.planning.gpu import plan_gpu
from graphrec_cli.planning.memory import MemoryPlan, plan_memory
from graphrec_cli.planning.ranks import plan_ranks
from graphrec_cli.planning.sizes import RunSizes
from graphrec_cli.planning.step_time import StepTimes

_ON_HOST = ("leakage audit", "comparison", "solving")
"""Stages that take memory of the host, also where the model is on a GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMemory:
    """Bytes of the machine's memory.

    Attributes:
        libraries: what Python and all libraries of the run take, measured.
        data_set: the arrays of the prepared data.
        preparation: the peak of the preparation, measured; 0 if the next run finds the data in the
            cache.
        free: what the run may take.
    """

    libraries: int
    data_set: int
    preparation: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimes:
    """Seconds, measured or extrapolated.

    Attributes:
        steps: None for a model that is not trained.
        validation, test: one evaluation of the model; 0 without the part.
        baselines: one evaluation on test of all models that it is tested beside.
    """

    steps: StepTimes | None
    validation: float
    test: float
    baselines: float


def describe_run(
    config: RunConfig, sizes: RunSizes, device: str, cache_state: str
) -> dict[str, Any]:
    """What is planned, and its sizes."""
    return {
        "dataset": config.dataset.name,
        "model": config.model.name,
        "loss": config.loss.name if sizes.epochs else None,
        "device": device,
        "num_threads": config.num_threads,
        "cache": cache_state,
        "sizes": asdict(sizes) | {"adjacency_entries": 2 * sizes.train_pairs},
    }


def describe_memory(
    memory: MemoryPlan, host: HostMemory, device_free: int | None
) -> dict[str, Any]:
    """Bytes by part, and the peak beside what is free.

    Args:
        device_free: free bytes of a GPU, where everything but the data set then is; None without.
    """
    parts = {"Python and libraries": host.libraries, "data set": host.data_set}
    on_device = None
    if device_free is None:
        parts |= memory.held
        passing = memory.passing
    else:
        passing = {name: size for name, size in memory.passing.items() if name in _ON_HOST}
        plan = _on_device(memory)
        on_device = {**asdict(plan), "peak": plan.peak, "free": device_free}
    peak = MemoryPlan(held=parts, passing=passing).peak
    return {
        "held": parts,
        "passing": passing,
        "preparation": host.preparation,
        "peak": max(peak, host.preparation),
        "free": host.free,
        "gpu": on_device,
    }


def _on_device(memory: MemoryPlan) -> MemoryPlan:
    """The memory of a GPU, without the stages that are on its host."""
    passing = {name: size for name, size in memory.passing.items() if name not in _ON_HOST}
    return MemoryPlan(held=memory.held, passing=passing)


def describe_times(sizes: RunSizes, preparation: float, times: RunTimes) -> dict[str, Any]:
    """Seconds of the parts, and their sum if training does not stop early."""
    steps = times.steps
    epoch = 0.0
    if steps is not None:
        epoch = steps.epoch_start + sizes.steps_per_epoch * steps.step
    training, validating = sizes.epochs * epoch, sizes.validations * times.validation
    # The best epoch is evaluated on valid once more.
    final = times.test + times.validation + times.baselines
    return {
        "step": None if steps is None else steps.step,
        "sampling": None if steps is None else steps.sampling,
        "steps_timed": 0 if steps is None else steps.timed,
        "epoch": epoch if steps is not None else None,
        "validation": times.validation if sizes.valid_users else None,
        "test": times.test if sizes.test_users else None,
        "preparation": preparation,
        "training": training,
        "validations": validating,
        "final": final,
        "total": preparation + training + validating + final,
    }


def describe_elsewhere(
    config: RunConfig,
    split: Split,
    sizes: RunSizes,
    memory: MemoryPlan,
    times: RunTimes | None,
    words: PlanWords,
) -> dict[str, Any]:
    """The same run on several processes and on a GPU, each None if not asked for."""
    ranks = gpu = None
    if words.bandwidth is not None:
        planned = plan_ranks(
            config,
            sizes,
            memory,
            None if times is None else times.steps,
            0.0 if times is None else times.validation or times.test,
            ranks=words.ranks,
            bandwidth=words.bandwidth,
        )
        total: dict[str, float | None] = {"total": None}
        if planned.step is not None and planned.evaluation is not None:
            total |= _total(sizes, planned.step, planned.evaluation)
        ranks = asdict(planned) | {"bandwidth": words.bandwidth} | total
    if words.gpu_bandwidth is not None:
        bounds = plan_gpu(config, sizes, words.gpu_bandwidth)
        there = plan_memory(config, split, sizes, device="cuda", closed_forms=[])
        gpu = (
            asdict(bounds)
            | {"bandwidth": words.gpu_bandwidth, "peak": _on_device(there).peak}
            | _total(sizes, bounds.step_high, bounds.evaluation)
        )
    return {"ranks": ranks, "gpu": gpu}


def _total(sizes: RunSizes, step: float, evaluation: float) -> dict[str, float]:
    """Seconds of all steps and validations."""
    steps = sizes.epochs * sizes.steps_per_epoch
    return {"total": steps * step + sizes.validations * evaluation}
