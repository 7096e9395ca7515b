"""Words of ``graphrec plan`` itself: other hardware to plan for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from graphrec_cli.config.prefixed_words import take_prefixed
from graphrec_cli.errors import ConfigError

PLAN_KEYS = ("ranks", "bandwidth", "gpu_bandwidth")
"""The keys below ``plan``."""
MAX_RANKS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWords:
    """The values of ``plan.*``; a GB/s is 10^9 bytes a second.

    Attributes:
        ranks: processes that share the columns of the embeddings; 1 plans for none.
        bandwidth: GB/s that each of them can send to the others; None with one process.
        gpu_bandwidth: GB/s of the memory of a GPU; None plans for none.
    """

    ranks: int = 1
    bandwidth: float | None = None
    gpu_bandwidth: float | None = None


def take_plan_words(words: Sequence[str]) -> tuple[PlanWords, list[str]]:
    """Split off the words that begin with ``plan.``; return the other words too.

    Raises:
        ConfigError: an unknown key, a key given twice, a value that it cannot have, or one of
            ``plan.ranks`` and ``plan.bandwidth`` without the other.
    """
    values, rest = take_prefixed(words, "plan", PLAN_KEYS)
    found = PlanWords(
        ranks=_ranks(values["ranks"]) if "ranks" in values else 1,
        bandwidth=_gigabytes("bandwidth", values),
        gpu_bandwidth=_gigabytes("gpu_bandwidth", values),
    )
    if found.ranks > 1 and found.bandwidth is None:
        raise ConfigError(
            f"plan.ranks={found.ranks} needs plan.bandwidth=GB, the GB/s between the processes"
        )
    if found.ranks == 1 and found.bandwidth is not None:
        raise ConfigError("plan.bandwidth is that between processes; add plan.ranks=2 or more")
    return found, rest


def _ranks(value: str) -> int:
    digits = value.isascii() and value.isdigit() and len(value) <= len(str(MAX_RANKS))
    if not (digits and 1 <= int(value) <= MAX_RANKS):
        raise ConfigError(f"plan.ranks must be an integer from 1 to {MAX_RANKS}, got '{value}'")
    return int(value)


def _gigabytes(key: str, values: dict[str, str]) -> float | None:
    if key not in values:
        return None
    try:
        number = float(values[key])
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ConfigError(f"plan.{key} must be a number of GB/s above 0, got '{values[key]}'")
    return number
