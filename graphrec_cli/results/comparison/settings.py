"""How entries are compared."""

from __future__ import annotations

from dataclasses import dataclass

TESTS = ("randomisation", "wilcoxon")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """How entries are compared.

    Attributes:
        metrics: keys such as ``ndcg@10``; the first one ranks the entries.
        test: the test of every pair, one of ``TESTS``.
        confidence: of the intervals; tests are at the level 1 - confidence.
        margin: "no worse than" by this much; None for no such test.
        relative: whether the margin is a share of the best entry's mean.
        resamples: number of resamples of users, and of swaps.
        seed: random seed of both.
        segments: whether users and items are also cut into head, middle and tail.
    """

    metrics: list[str]
    test: str = "randomisation"
    confidence: float = 0.95
    margin: float | None = None
    relative: bool = False
    resamples: int = 5000
    seed: int = 42
    segments: bool = True
