"""The baselines on valid, which the curves of a training are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphrec_cli.training.context import RunContext

_SCORES_AN_EXAMPLE = {True: 5.0, False: 0.3}
"""Scores that are ranked at most for each example that the run has trained on, for a model that
propagates embeddings in every step and for others: on a CPU ranking then takes about a hundredth
of the training's time, or less."""


def valid_baselines(
    context: RunContext, history: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """Evaluate the baselines on valid as the model was during training.

    Whether a run is long enough for that is counted, not timed, so that a run repeats.

    Args:
        history: one row per epoch; empty for a model that is not trained.

    Returns:
        ``baselines_valid`` of metrics.json: for each baseline, its valid metrics. Empty without a
        valid part, for a model that is not trained, and for a short run.
    """
    validation = context.validation
    if validation is None or not history or _takes_long(context, history):
        return {}
    baselines = context.evaluation.baselines(context.split.train)
    return {name: validation.metrics(model) for name, model in baselines.items()}


def _takes_long(context: RunContext, history: Sequence[Mapping[str, Any]]) -> bool:
    validation, config, train = context.validation, context.config, context.split.train
    assert validation is not None
    if context.evaluation.masked(context.split, validation.part) is None:
        return False  # nothing is ranked
    users = int(np.count_nonzero(validation.pairs.user_degree))
    if config.trainer.valid_users is not None:
        users = min(users, config.trainer.valid_users)
    steps: int = history[-1]["step"]
    examples = steps * config.trainer.batch_size_for(train.num_pairs)
    return users * train.num_items > _SCORES_AN_EXAMPLE[config.model.propagates()] * examples
