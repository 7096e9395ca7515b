"""Validate the content of a checkpoint before use: the file may come from an untrusted source."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graphrec_cli.training.trainer import Trainer

_MOMENTS = ("exp_avg", "exp_avg_sq")
_ROW = ("epoch", "step", "loss", "learning_rate", "seconds", "triplets_per_second", "valid")


def check_content(content: dict[str, Any], trainer: Trainer, *, reseed_sampler: bool) -> None:
    """Refuse a checkpoint that the trainer could not have written.

    torch's fused kernels do not check shapes, and the sampler does not check its position, so a
    wrong value would crash the process or loop forever later on.

    Args:
        reseed_sampler: skip the sampler's state, which will not be used.

    Raises:
        ValueError: a value is wrong; the message names it.
        LookupError, TypeError, AttributeError: the structure is wrong.
    """
    epoch, best_epoch = _whole(content, "epoch"), _whole(content, "best_epoch")
    _whole(content, "step"), _whole(content, "stale_validations")
    _refuse(best_epoch > epoch, "'best_epoch' must not be greater than 'epoch'")
    _check_weights(content["model"], trainer, "model")
    if content["best_state"] is None:
        _refuse(best_epoch != epoch, "'best_state' is missing")
    elif best_epoch:
        _check_weights(content["best_state"], trainer, "best_state")
    if content["best_valid"] is not None:
        _check_metrics(content["best_valid"], "best_valid")
        metric = trainer.selection.monitor.metric
        _refuse(metric not in content["best_valid"], f"'best_valid' lacks the metric '{metric}'")
    _check_optimizer(content["optimizer"], trainer)
    _check_loss(content.get("loss", {}), trainer)
    progress = content["progress"]
    if progress is not None:
        most = trainer.steps_per_epoch()
        _refuse(_whole(progress, "steps") > most, f"'steps' must be at most {most}")
        _whole(progress, "examples")
        _check_number(progress, "total_loss")
        _check_number(progress, "seconds")
        _refuse(progress["seconds"] < 0, "'seconds' must be at least 0")
    _check_history(content["history"], epoch if progress is None else epoch - 1)
    if not reseed_sampler:
        _check_sampler(content["sampler"], trainer)


def _check_weights(state: dict[str, Any], trainer: Trainer, key: str) -> None:
    own = trainer.model.state_dict()
    _refuse(state.keys() != own.keys(), f"the names in '{key}' must be {', '.join(own)}")
    for name, values in own.items():
        _check_tensor(state[name], values, f"{key}.{name}")


def _check_optimizer(state: dict[str, Any], trainer: Trainer) -> None:
    parameters = list(trainer.model.parameters())
    (group,) = state["param_groups"]
    for name in ("lr", "weight_decay"):
        _check_number(group, name)
    for index, moments in state["state"].items():
        known = type(index) is int and 0 <= index < len(parameters)
        _refuse(not known, "'optimizer' has an unknown parameter index")
        expected = {"step", *_MOMENTS}
        _refuse(moments.keys() != expected, "'optimizer' must contain step, exp_avg and exp_avg_sq")
        for name in _MOMENTS:
            _check_tensor(moments[name], parameters[index], name)
        _check_tensor(moments["step"], torch.zeros(()), "step")


def _check_loss(state: dict[str, Any], trainer: Trainer) -> None:
    own = {} if trainer.epoch_loss is None else trainer.epoch_loss.state_dict()
    _refuse(state.keys() != own.keys(), "'loss' is from a different loss")
    for name, values in own.items():
        _check_tensor(state[name], values, f"loss.{name}")


def _check_sampler(state: dict[str, Any], trainer: Trainer) -> None:
    own = trainer.sampler.state_dict()
    _check_tensor(state["generator"], own["generator"], "generator")
    positives = state["positives"]
    same_sampler = positives.keys() == own["positives"].keys()
    _refuse(not same_sampler, "'sampler' is from a different sampler")
    if "position" in positives:
        most = trainer.sampler.num_pairs
        _refuse(_whole(positives, "position") > most, f"'position' must be at most {most}")
        if positives["pass_state"] is not None:
            _check_tensor(positives["pass_state"], own["generator"], "pass_state")


def _check_history(history: list[dict[str, Any]], epochs: int) -> None:
    _refuse(len(history) != epochs, f"'history' must have {epochs} rows, one per epoch")
    for number, row in enumerate(history, start=1):
        expected = tuple(row) == _ROW and row["epoch"] == number
        _refuse(not expected, f"row {number} of 'history' must be epoch {number} with its keys")
        _whole(row, "step")
        for name in _ROW[2:6]:
            _check_number(row, name)
        if row["valid"] is not None:
            _check_metrics(row["valid"], "valid")


def _check_metrics(metrics: dict[str, Any], key: str) -> None:
    for name, value in metrics.items():
        finite = isinstance(name, str) and _is_number(value)
        _refuse(not finite, f"'{key}' must map names of metrics to finite numbers")


def _check_tensor(given: object, own: Tensor, name: str) -> None:
    same = isinstance(given, Tensor) and (given.dtype, given.shape) == (own.dtype, own.shape)
    _refuse(not same, f"'{name}' must be a {own.dtype} tensor of shape {tuple(own.shape)}")


def _check_number(content: dict[str, Any], key: str) -> None:
    _refuse(not _is_number(content[key]), f"'{key}' must be a finite number")


def _whole(content: dict[str, Any], key: str) -> int:
    value = content[key]
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"'{key}' must be a whole number of at least 0")
    return value


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(float(str(value)))


def _refuse(condition: bool, message: str) -> None:
    if condition:
        raise ValueError(message)
