"""The final evaluation of a run: test metrics of the best state, next to its baselines."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.source import TruePreferences
from graphrec_cli.evaluation.protocol import PartResult
from graphrec_cli.models.base import Model
from graphrec_cli.models.oracle import Oracle
from graphrec_cli.results.beyond_accuracy import look_beyond_accuracy
from graphrec_cli.results.floor import beaten, find_floor, warn_if_below
from graphrec_cli.results.valid_baselines import valid_baselines
from graphrec_cli.training.checkpoints.file import weights_sha256
from graphrec_cli.training.context import RunContext
from graphrec_cli.training.fit import Fitted

log = logging.getLogger("graphrec")

_LONG_RANKING = 10**8
"""Number of scores that take about a second."""


def judge(
    context: RunContext,
    fitted: Fitted,
    preferences: TruePreferences | None,
    floor: dict[str, Any] | None = None,
    attributes: ItemAttributes | None = None,
) -> tuple[dict[str, Any], PartResult | None]:
    """Evaluate the best state and the baselines on test and valid.

    Without a test part, there are no test figures: None, and no baselines on test.

    Args:
        preferences: true scores of synthetic data, which give the ceiling; None for other data.
        floor: what ``find_floor`` found for the same data, seed and metric; None: it is called.
        attributes: of the items, by index; None if they have none.

    Returns:
        The content of metrics.json, and the test result; None without a test part.
    """
    config, split, evaluation = context.config, context.split, context.evaluation
    if split.has_test:
        _announce(context)
    test, valid = evaluate_best(context, fitted)
    baselines = find_baselines(context, preferences)
    tested = {
        name: (model, evaluation.evaluate(model, split, "test"))
        for name, model in baselines.items()
    }
    beyond = None
    if test is not None:
        beyond = look_beyond_accuracy(context, fitted.model, test, tested, attributes)
    floor = find_floor(context) if floor is None else floor
    if floor is not None and valid is not None:
        lower = config.evaluation.lower_is_better(config.monitor())
        warn_if_below(floor, valid.metrics, lower_is_better=lower)
    metrics = {
        "test": None if test is None else test.metrics,
        "valid": None if valid is None else valid.metrics,
        "baselines": {name: result.metrics for name, (_, result) in tested.items()},
        "baselines_valid": valid_baselines(context, fitted.history),
        "beyond_accuracy": beyond,
        "floor": floor,
        "counts": {
            "test": None if test is None else test.counts,
            "valid": None if valid is None else valid.counts,
        },
        "selected_epoch": fitted.best_epoch,
        "epochs_run": len(fitted.history),
        "monitor": config.monitor(),
        "definitions": evaluation.definitions(),
        "weights_sha256": weights_sha256(fitted.weights),
    }
    if test is not None:
        warn_if_beaten(config, metrics, evaluation.floor)
    return metrics, test


def evaluate_best(
    context: RunContext, fitted: Fitted
) -> tuple[PartResult | None, PartResult | None]:
    """Evaluate the best state on test and on valid; None for a part that the split lacks.

    All processes of a run must call this.
    """
    split, evaluation = context.split, context.evaluation
    test = evaluation.evaluate(fitted.model, split, "test") if split.has_test else None
    # Computed again instead of read from the history, so that it describes the tested state.
    valid = None if split.valid is None else evaluation.evaluate(fitted.model, split, "valid")
    return test, valid


def find_baselines(context: RunContext, preferences: TruePreferences | None) -> dict[str, Model]:
    """The models that are tested beside the trained one, by name; none without a test part.

    Args:
        preferences: true scores of synthetic data, which give the ceiling; None for other data.
    """
    split = context.split
    if not split.has_test:
        return {}
    baselines = context.evaluation.baselines(split.train)
    if preferences is not None:
        scores = preferences.aligned(split.users, split.items)
        baselines["ceiling"] = Oracle(scores, context.device)
    return baselines


def _announce(context: RunContext) -> None:
    """Log a line before a ranking that takes more than about a second."""
    split = context.split
    users = np.count_nonzero(split.test.user_degree)
    items = np.count_nonzero(split.train.item_degree)
    ranks = context.evaluation.masked(split, "test") is not None
    if ranks and users * items >= _LONG_RANKING:
        log.info("ranking %s items for each of %s test users", f"{items:,}", f"{users:,}")


def warn_if_beaten(config: RunConfig, metrics: dict[str, Any], floor: str) -> None:
    """Warn if the baseline ``floor`` is at least as good as the model."""
    monitor = config.monitor()
    ours, theirs = metrics["test"][monitor], metrics["baselines"][floor][monitor]
    lower = config.evaluation.lower_is_better(monitor)
    if config.model.name != floor and beaten(ours, theirs, lower_is_better=lower):
        log.warning("the model does not beat the %s baseline in test %s", floor, monitor)
