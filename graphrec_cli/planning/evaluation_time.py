"""Time the evaluation of a few users on this machine, and extrapolate to all."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import Evaluation, held_out_part
from graphrec_cli.models.base import Model
from graphrec_cli.system.progress import progress
from graphrec_cli.system.seeds import numpy_generator

_BUDGET = 4.0
"""Seconds that the longest sample may take."""
_FIRST_USERS = 256
_MOST_TIMES, _ENOUGH = 5, 1.0
"""Evaluations of one sample, and the seconds after which none is added."""


def time_evaluation(
    evaluation: Evaluation,
    model: Model,
    split: Split,
    part: str,
    num_users: int,
    *,
    budget: float = _BUDGET,
) -> float:
    """Seconds that one evaluation of a part takes, extrapolated from some of its users.

    On test the lists of the users are made as well.

    All users are evaluated if that takes less than ``budget`` seconds.

    Args:
        evaluation: evaluates all users of the part that it is given.
        num_users: users of the part that the run evaluates.
    """
    held_out, settings = held_out_part(split, part), evaluation.settings
    users = np.flatnonzero(held_out.user_degree)
    order = numpy_generator(settings.seed, "plan").permutation(users)

    def seconds(number: int) -> float:
        some = _of_users(held_out, np.sort(order[:number]))
        sampled = replace(split, test=some) if part == "test" else replace(split, valid=some)
        started = time.perf_counter()
        result = evaluation.evaluate(model, sampled, part)
        if part == "test":
            evaluation.beyond_accuracy(model, sampled, part, result, None)
        if settings.device.type == "cuda":
            torch.cuda.synchronize(settings.device)
        return time.perf_counter() - started

    def median_seconds(number: int) -> float:
        times: list[float] = []
        while len(times) < _MOST_TIMES and sum(times) < _ENOUGH:
            times.append(seconds(number))
        return statistics.median(times)

    with progress(f"timing the ranking of {part}", in_log=False):
        few = min(_FIRST_USERS, num_users)
        seconds(few)  # loads libraries, and makes buffers
        first = median_seconds(few)
        if few == num_users:
            return first
        more = min(num_users, max(2 * few, int(few * budget / first)))
        second = median_seconds(more)
    a_user = max(0.0, second - first) / (more - few)
    return second + a_user * (num_users - more)


def _of_users(part: UserItems, users: NDArray[np.int64]) -> UserItems:
    """The pairs of some users, for the same users and items."""
    kept = np.zeros(part.num_users, dtype=bool)
    kept[users] = True
    rows = kept[part.user_index()]
    return UserItems.from_pairs(
        part.user_index()[rows],
        part.item_index[rows],
        num_users=part.num_users,
        num_items=part.num_items,
        rating=None if part.rating is None else part.rating[rows],
    )
