"""The result of one check of the leakage audit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """Result of a check: ``refused`` stops the run, ``said`` is logged."""

    passed = "passed"
    said = "said"
    refused = "refused"
    does_not_apply = "does_not_apply"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        line: what, how many, what to do.
        advice: the same for the log, where other words are easier to understand; "" for ``line``.
    """

    outcome: Outcome
    line: str
    advice: str = ""
