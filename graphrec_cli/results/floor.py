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
from graphrec_cli.evaluation.protocol import Validation
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import one_line
from graphrec_cli.training.context import RunContext

log = logging.getLogger("graphrec")

MOST_OPERATIONS = {"itemknn": 2e9, "ease": 3e11, "chebycf": 1e11}
"""Limits of what counts as cheap, meant to be half a minute on two cores at most."""

# Without figures of the machine, so that a run repeats.
_TOO_LONG = "takes long on data of this size"
_FAILED = "could not be solved"


def find_floor(context: RunContext) -> dict[str, Any] | None:
    """Solve the closed forms that are cheap for this data, and rank the valid items with each.

    The test part is not used.

    Returns:
        ``floor`` of metrics.json: ``model``, the best of ``models``, which maps names to the value
        of ``metric`` on valid, and ``left_out``, which maps names to reasons. None for a model that
        is not trained, without a valid part, with ``evaluation.floor=null``, and if all are left
        out.
    """
    config, validation = context.config, context.validation
    if validation is None or not wants_floor(config):
        return None
    metric = config.monitor()
    values: dict[str, float] = {}
    seconds: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for model, operations in candidates(validation):
        if operations > MOST_OPERATIONS[model.name]:
            left_out[model.name] = _TOO_LONG
            continue
        try:
            solved, seconds[model.name] = _solve(context, model)
            values[model.name] = validation.metrics(solved)[metric]
        except Exception as error:  # a comparison must not cost the trained model
            left_out[model.name] = _FAILED
            log.warning("not compared with model=%s: %s", model.name, one_line(error))
    if not values:
        log.info("not compared with a closed form: none is solved in seconds on this data")
        return None
    choose = min if config.evaluation.lower_is_better(metric) else max
    best = choose(values, key=lambda name: values[name])
    log.info(
        "%s, solved in %.1f s, has %s %.4f on valid", best, seconds[best], metric, values[best]
    )
    return {
        "model": best,
        "metric": metric,
        "valid": values[best],
        "models": values,
        "left_out": left_out,
    }


def candidates(validation: Validation) -> list[tuple[ClosedFormConfig, float]]:
    """The models with their default values, and roughly how many operations each takes."""
    train = validation.split.train
    users = np.count_nonzero(validation.pairs.user_degree)
    items = float(train.num_items)
    shared = float(np.square(train.user_degree.astype(np.float64)).sum())
    chebycf = ChebyCFConfig()
    return [
        # Blocks of columns, each a product over all items, and a selection for each item.
        (ItemKNNConfig(), shared + items**3 / 4e6 + 2000 * items),
        (EASEConfig(), 150 * shared + items**3),
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


def warn_if_below(floor: dict[str, Any], valid: dict[str, float], *, lower_is_better: bool) -> None:
    """Warn if the floor is at least as good as the model.

    Args:
        valid: the model's metrics on valid.
    """
    metric, model = floor["metric"], floor["model"]
    if beaten(valid[metric], floor["valid"], lower_is_better=lower_is_better):
        log.warning(
            "the model does not beat a formula that needs no training: valid %s %.4f, and model=%s "
            "has %.4f",
            metric,
            valid[metric],
            model,
            floor["valid"],
        )


def beaten(ours: float, theirs: float, *, lower_is_better: bool) -> bool:
    """Whether a baseline is at least as good as the model."""
    return ours >= theirs if lower_is_better else ours <= theirs
