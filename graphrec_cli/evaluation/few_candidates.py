"""Users with few items to rank: with at most k of them, any order has the held-out item at k."""

from __future__ import annotations

from collections.abc import Mapping

FEW_CANDIDATES = "few_candidates"
"""Before ``@k``, the key of a count: users who were ranked with at most k candidates."""

NOTABLE_SHARE = 0.1
"""Such users are mentioned if they are more than this share of all users."""


def describe_few_candidates(users_at: Mapping[int, int], users: int) -> str | None:
    """Describe in one line at which k the metrics are too easy; None if at no k.

    Args:
        users_at: number of users with at most k candidates, by k.
        users: number of all users evaluated.
    """
    notable = {k: number for k, number in users_at.items() if number > NOTABLE_SHARE * users}
    if not notable:
        return None
    shares = ", ".join(f"{number:,} of {users:,} at k={k}" for k, number in notable.items())
    return (
        f"hit@k is 1 with any model for users who have at most k items to rank: {shares}; "
        "set smaller evaluation.ks"
    )
