"""The best of the cheap closed forms on valid, which a trained model should beat."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

import numpy as np

from graphrec_cli.components import build_model
from graphrec_cli.config.closed_form import (
    ChebyCFConfig,
    ClosedFormConfig,
    EASEConfig,
    ItemKNNConfig,
)
from graphrec_cli.config.unused import wants_floor
from graphrec_cli.errors import GraphrecError
from graphrec_cli.evaluation.protocol import Validation
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import one_line
from graphrec_cli.training.context import RunContext

log = logging.getLogger("graphrec")

_MOST_OPERATIONS = {"itemknn": 2e9, "ease": 3e11, "chebycf": 1e11}
"""What each model does in roughly half a minute on two cores."""


def find_floor(context: RunContext) -> dict[str, Any] | None:
    """Solve the closed forms that are cheap for this data, and rank the valid items with each.

    The test part is not used.

    All metrics of a ranking are the better the larger they are.

    Returns:
        ``floor`` of metrics.json: ``model``, the best of ``models``, which maps names to the value
        of ``metric`` on valid, and ``left_out``, which maps names to reasons. None for a model that
        is not trained, without a valid part, with ``evaluation.floor=null``, and if all are left
        out.
    """
    config, validation = context.config, context.validation
    if validation is None or not wants_floor(config):
        return None
    values: dict[str, float] = {}
    seconds: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for model, operations in _candidates(validation):
        if operations > _MOST_OPERATIONS[model.name]:
            left_out[model.name] = "takes long on data of this size"
            continue
        try:
            solved, seconds[model.name] = _solve(context, model)
            values[model.name] = validation.metrics(solved)[config.monitor()]
        except GraphrecError as error:
            left_out[model.name] = one_line(error)
    if not values:
        return None
    best = max(values, key=lambda name: values[name])
    log.info(
        "%s, solved in %.1f s, has %s %.4f on valid",
        best,
        seconds[best],
        config.monitor(),
        values[best],
    )
    return {
        "model": best,
        "metric": config.monitor(),
        "valid": values[best],
        "models": values,
        "left_out": left_out,
    }


def _candidates(validation: Validation) -> list[tuple[ClosedFormConfig, float]]:
    """The models with their default values, and roughly how many operations each takes."""
    train = validation.split.train
    users = np.count_nonzero(validation.pairs.user_degree)
    chebycf = ChebyCFConfig()
    return [
        (ItemKNNConfig(), float(np.square(train.user_degree.astype(np.float64)).sum())),
        (EASEConfig(), float(train.num_items) ** 3),
        (chebycf, 2.0 * chebycf.order * train.num_pairs * users),
    ]


def _solve(context: RunContext, model: ClosedFormConfig) -> tuple[ClosedForm, float]:
    """Solve a model for the run's train part; also return the seconds that it took."""
    started = time.perf_counter()
    config = replace(context.config, model=model)
    solved = build_model(config, context.split.train, context.device)
    assert isinstance(solved, ClosedForm)
    with progress(f"solving {model.name}, to compare the model with"):
        solved.solve()
    return solved, time.perf_counter() - started


def warn_if_below(floor: dict[str, Any], valid: dict[str, float]) -> None:
    """Warn if the floor is at least as good as the model.

    Args:
        valid: the model's metrics on valid.
    """
    metric, model = floor["metric"], floor["model"]
    if valid[metric] <= floor["valid"]:
        log.warning(
            "the model does not beat a formula that needs no training: valid %s %.4f, and model=%s "
            "has %.4f",
            metric,
            valid[metric],
            model,
            floor["valid"],
        )
