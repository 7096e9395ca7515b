"""The results of the comparison, by measure, contender and turn."""

from __future__ import annotations

from dataclasses import dataclass, field

STEP, SAMPLING, EVALUATION = "step", "sampling", "evaluation"
FILES, MEMORY, PROFILE = "first-step", "memory", "profile"
MEASURES = (STEP, PROFILE, SAMPLING, EVALUATION, FILES, MEMORY)
FROM_CACHE = "graphrec, prepared data in its cache"
"""Ours once more in ``FILES``: a second run on the same files finds them prepared."""


@dataclass(slots=True)
class Results:
    """The results of the comparison on one data set.

    Attributes:
        values: by measure and contender, one per turn: seconds per step, batch, evaluation or
            process; bytes in ``MEMORY``, once.
        profiles: of each contender, the operations that take the most of its step, by their share.
        versions: of each contender's packages.
        notes: of each contender.
        failures: the error of a contender without values.
    """

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
