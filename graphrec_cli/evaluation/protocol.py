"""What every way of judging a model offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError
from graphrec_cli.models.base import Model
from graphrec_cli.system.seeds import numpy_generator


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
class EvaluationSettings:
    """What an evaluation takes from the run, besides its own config.

    Attributes:
        ks: cut-offs of the metrics, ascending.
        seed: of the order among equal scores, and of the draw of ``valid_users``.
        valid_users: number of users that selection looks at; None for all.
        device: where the model expects its users.
    """

    ks: list[int]
    seed: int
    valid_users: int | None
    device: torch.device


class Evaluation(ABC):
    """One way of judging a model.

    Attributes:
        floor: name of the baseline that a trained model should beat.
        settings: what it takes from the run.
    """

    floor: ClassVar[str]
    settings: EvaluationSettings

    @abstractmethod
    def check(self, train: UserItems) -> None:
        """Refuse data that cannot carry what the config asks for, before any training.

        Raises:
            DataError: naming what is missing.
        """

    @abstractmethod
    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Measure the part ``test``, or ``valid`` over the users that selection uses.

        Raises:
            DataError: the part does not exist or holds nothing that can be measured.
            NonFiniteError: a score or prediction is NaN or infinite.
        """

    @abstractmethod
    def baselines(self, train: UserItems) -> dict[str, Model]:
        """Models to judge beside the trained one, by name."""

    @abstractmethod
    def definitions(self) -> dict[str, str]:
        """What the metric keys mean, as metrics.json repeats it."""

    def masked(self, split: Split, part: str) -> list[UserItems] | None:
        """Parts masked in the ranking of ``part``, besides train; None where nothing is ranked."""
        return None


@dataclass(frozen=True, slots=True)
class Validation:
    """The measurement that selects the best epoch.

    Attributes:
        part: name of the part that is measured.
    """

    evaluation: Evaluation
    split: Split
    part: str = "valid"

    @property
    def pairs(self) -> UserItems:
        """The held-out pairs that are measured."""
        return held_out_part(self.split, self.part)

    def metrics(self, model: Model) -> dict[str, float]:
        """Metrics of the model as it is now."""
        return self.evaluation.evaluate(model, self.split, self.part).metrics


def held_out_part(split: Split, part: str) -> UserItems:
    """The pairs of the part ``test`` or ``valid``.

    Raises:
        DataError: the split has no valid part.
    """
    held_out = split.test if part == "test" else split.valid
    if held_out is None:
        raise DataError("this split has no valid part; train with one, or evaluate part=test")
    return held_out


def valid_users(settings: EvaluationSettings, valid: UserItems) -> NDArray[np.integer] | None:
    """The users that selection looks at, ``trainer.valid_users`` drawn from the seed; None: all."""
    users = np.flatnonzero(valid.user_degree)
    wanted = settings.valid_users
    if wanted is None or wanted >= len(users):
        return None
    return np.sort(
        numpy_generator(settings.seed, "valid_users").choice(users, size=wanted, replace=False)
    )
