"""The interface of an evaluation: ranking, rating or one from a plugin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.evaluation.beyond_accuracy import BeyondAccuracy
from graphrec_cli.models.base import Model
from graphrec_cli.system.seeds import numpy_generator


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """Metrics of one part of a split, and what they were computed from.

    Attributes:
        metrics: value by metric key.
        counts: numbers of users and pairs that were evaluated or excluded.
        arrays: the content of ranks.npz: one row per pair that the metrics count.
    """

    metrics: dict[str, float]
    counts: dict[str, int | float]
    arrays: dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """Settings that an evaluation takes from the run, in addition to its own config.

    Attributes:
        ks: cut-offs of the metrics, ascending.
        seed: random seed of the order among equal scores and of the sample of ``valid_users``.
        valid_users: number of users that validation samples; None for all.
        device: where the model expects user indices.
    """

    ks: list[int]
    seed: int
    valid_users: int | None
    device: torch.device


class Evaluation(ABC):
    """One way to evaluate a model.

    Attributes:
        floor: name of the baseline that a trained model should beat.
        settings: the settings that come from the run.
    """

    floor: ClassVar[str]
    settings: EvaluationSettings

    @abstractmethod
    def check(self, train: UserItems) -> None:
        """Check before training that the data has what this evaluation needs.

        Raises:
            DataError: something is missing; the message names it.
        """

    @abstractmethod
    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Evaluate the part ``test``, or ``valid`` over the users that validation samples.

        Raises:
            ConfigError: there is no test part.
            DataError: there is no valid part, or nothing in the part can be evaluated.
            NonFiniteError: a score or prediction is NaN or infinite.
        """

    @abstractmethod
    def baselines(self, train: UserItems) -> dict[str, Model]:
        """Build the baselines to compare the trained model with, by name."""

    @abstractmethod
    def definitions(self) -> dict[str, str]:
        """The meaning of each metric key, as metrics.json records it."""

    def beyond_accuracy(
        self,
        model: Model,
        split: Split,
        part: str,
        result: PartResult,
        attributes: ItemAttributes | None,
    ) -> BeyondAccuracy | None:
        """Look at the lists of the model beyond accuracy; None if this evaluation ranks nothing.

        Nothing is sent to other processes, so that one of them can do it alone.

        Args:
            model: the last thing that it was asked is ``evaluate``, with its current weights.
            result: of ``evaluate`` for the same part.
            attributes: of the items, by index; None if they have none.

        Raises:
            NonFiniteError: a score is NaN or infinite.
        """
        return None

    def masked(self, split: Split, part: str) -> list[UserItems] | None:
        """Parts that are masked in addition to train; None if this evaluation ranks nothing."""
        return None


@dataclass(frozen=True, slots=True)
class Validation:
    """The evaluation that selects the best epoch.

    Attributes:
        part: name of the part that is evaluated.
    """

    evaluation: Evaluation
    split: Split
    part: str = "valid"

    @property
    def pairs(self) -> UserItems:
        """The held-out pairs of the part."""
        return held_out_part(self.split, self.part)

    def metrics(self, model: Model) -> dict[str, float]:
        """Compute the metrics of the model with its current weights."""
        return self.evaluation.evaluate(model, self.split, self.part).metrics


def held_out_part(split: Split, part: str) -> UserItems:
    """Return the held-out pairs of the part ``test`` or ``valid``.

    Raises:
        ConfigError: the model was trained without a test part.
        DataError: the split has no validation part.
    """
    if part == "test" and not split.has_test:
        other = "" if split.valid is None else ", or evaluate part=valid"
        raise ConfigError(
            "this split has no test part (split.test=0 or split.test_ratio=0); train with "
            f"one{other}"
        )
    held_out = split.test if part == "test" else split.valid
    if held_out is None:
        other = ", or evaluate part=test" if split.has_test else ""
        raise DataError(f"this split has no validation part; train with one{other}")
    return held_out


def valid_users(settings: EvaluationSettings, valid: UserItems) -> NDArray[np.integer] | None:
    """Sample ``trainer.valid_users`` users for validation; None means all users."""
    users = np.flatnonzero(valid.user_degree)
    number = settings.valid_users
    if number is None or number >= len(users):
        return None
    return np.sort(
        numpy_generator(settings.seed, "valid_users").choice(users, size=number, replace=False)
    )
