"""What a checkpoint may hold, looked at before any of it is used: it may be somebody else's."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graphrec_cli.training.trainer import Trainer

_MOMENTS = ("exp_avg", "exp_avg_sq")
_ROW = ("epoch", "step", "loss", "learning_rate", "seconds", "triplets_per_second", "valid")


def check_content(content: dict[str, Any], trainer: Trainer, *, reseed_sampler: bool) -> None:
    """Refuse a state that the trainer could not have written.

    torch's fused kernels look at no shapes, and a place in a pass is used as it is, so that
    anything else would crash, or never end, far from here.

    Args:
        reseed_sampler: the sampler's state is not used: it is that of another kind of device.

    Raises:
        ValueError: naming what is wrong.
        LookupError, TypeError, AttributeError: it is of another form altogether.
    """
    epoch, best_epoch = _whole(content, "epoch"), _whole(content, "best_epoch")
    _whole(content, "step"), _whole(content, "stale_validations")
    _refuse(best_epoch > epoch, "its best epoch is still to come")
    _check_weights(content["model"], trainer)
    if content["best_state"] is None:
        _refuse(best_epoch != epoch, "it holds no best state")
    elif best_epoch:
        _check_weights(content["best_state"], trainer)
    if content["best_valid"] is not None:
        _check_metrics(content["best_valid"])
        _refuse(trainer.selection.monitor.metric not in content["best_valid"], "no such metric")
    _check_optimizer(content["optimizer"], trainer)
    progress = content["progress"]
    if progress is not None:
        _refuse(_whole(progress, "steps") > trainer.steps_per_epoch(), "more steps than an epoch")
        _whole(progress, "examples")
        _refuse(not _number(progress["total_loss"]), "its loss is no number")
        _refuse(not _number(progress["seconds"]) or progress["seconds"] < 0, "its time is none")
    _check_history(content["history"], epoch if progress is None else epoch - 1)
    if not reseed_sampler:
        _check_sampler(content["sampler"], trainer)


def _check_weights(state: dict[str, Any], trainer: Trainer) -> None:
    own = trainer.model.state_dict()
    _refuse(state.keys() != own.keys(), "its weights have other names")
    for name, values in own.items():
        _check_tensor(state[name], values)


def _check_optimizer(state: dict[str, Any], trainer: Trainer) -> None:
    parameters = list(trainer.model.parameters())
    (group,) = state["param_groups"]
    for name in ("lr", "weight_decay"):
        _refuse(not _number(group[name]), f"its {name} is no number")
    for place, moments in state["state"].items():
        _refuse(type(place) is not int or not 0 <= place < len(parameters), "no such parameter")
        _refuse(moments.keys() != {"step", *_MOMENTS}, "its optimizer has other moments")
        for name in _MOMENTS:
            _check_tensor(moments[name], parameters[place])
        _check_tensor(moments["step"], torch.zeros(()))


def _check_sampler(state: dict[str, Any], trainer: Trainer) -> None:
    own = trainer.sampler.state_dict()
    _check_tensor(state["generator"], own["generator"])
    positives = state["positives"]
    _refuse(positives.keys() != own["positives"].keys(), "its sampler is another one")
    if "position" in positives:
        _refuse(_whole(positives, "position") > trainer.sampler.num_pairs, "no such place")
        if positives["pass_state"] is not None:
            _check_tensor(positives["pass_state"], own["generator"])


def _check_history(history: list[dict[str, Any]], epochs: int) -> None:
    _refuse(len(history) != epochs, f"its history has not {epochs} epochs")
    for number, row in enumerate(history, start=1):
        _refuse(tuple(row) != _ROW or row["epoch"] != number, "a row of its history is another")
        _whole(row, "step")
        for name in _ROW[2:6]:
            _refuse(not _number(row[name]), f"{name} of its history is no number")
        if row["valid"] is not None:
            _check_metrics(row["valid"])


def _check_metrics(metrics: dict[str, Any]) -> None:
    sound = all(isinstance(key, str) and _number(value) for key, value in metrics.items())
    _refuse(not sound, "its metrics are no numbers")


def _check_tensor(given: object, own: Tensor) -> None:
    same = isinstance(given, Tensor) and (given.dtype, given.shape) == (own.dtype, own.shape)
    _refuse(not same, "a tensor is of another shape or type")


def _whole(content: dict[str, Any], key: str) -> int:
    value = content[key]
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"its {key} is no count")
    return value


def _number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(float(str(value)))


def _refuse(condition: bool, what: str) -> None:
    if condition:
        raise ValueError(what)
