"""What every way of judging a model has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.models.base import Model
from graphrec_cli.system.seeds import numpy_generator


@runtime_checkable
class Parts(Protocol):
    """A split, fresh or read back from a run directory."""

    @property
    def train(self) -> UserItems:
        """Pairs that a model learned from."""

    @property
    def valid(self) -> UserItems | None:
        """Pairs that the best epoch is selected on."""

    @property
    def test(self) -> UserItems:
        """Pairs that the model is judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """Metrics of one part and what they were counted on.

    Attributes:
        metrics: by key.
        counts: users and pairs that were counted or left out.
        arrays: what ranks.npz holds: a row for every pair that the metrics count.
    """

    metrics: dict[str, float]
    counts: dict[str, int | float]
    arrays: dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One way of judging a model.

    Attributes:
        check: called with (config, train) before any training; raises DataError where the data
            cannot carry what the config asks for.
        evaluate_part: called with (model, config, split=, part=, device=), part ``test``, or
            ``valid`` over the users that selection uses; a PartResult.
        baselines: called with (config, train, device); models to judge beside the trained one.
        floor: the baseline that a model worth training beats.
        definitions: called with (config); what the metric keys mean.
        masked: called with (config, split, part); the parts whose pairs are left out of the
            ranking of ``part``, besides train; None where nothing is ranked.
    """

    check: Callable[[RunConfig, UserItems], None]
    evaluate_part: Callable[..., PartResult]
    baselines: Callable[..., dict[str, Model]]
    floor: str
    definitions: Callable[[Any], dict[str, str]]
    masked: Callable[[RunConfig, Parts, str], list[UserItems]] | None


def held_out_part(split: Parts, part: str) -> UserItems:
    """The pairs of the part ``test`` or ``valid``.

    Raises:
        DataError: the split has no valid part.
    """
    held_out = split.test if part == "test" else split.valid
    if held_out is None:
        raise DataError("this split has no valid part; train with one, or evaluate part=test")
    return held_out


def valid_users(config: RunConfig, valid: UserItems) -> NDArray[np.integer] | None:
    """The users that selection looks at, ``trainer.valid_users`` drawn from the seed; None: all."""
    users = np.flatnonzero(valid.user_degree)
    wanted = config.trainer.valid_users
    if wanted is None or wanted >= len(users):
        return None
    return np.sort(
        numpy_generator(config.seed, "valid_users").choice(users, size=wanted, replace=False)
    )
