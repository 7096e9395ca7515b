"""What test figures cover: pairs and users left out, and users whom no model can miss."""

from __future__ import annotations

from collections.abc import Mapping

from graphrec_cli.evaluation.few_candidates import FEW_CANDIDATES, describe_few_candidates


def describe_coverage(counts: Mapping[str, int | float], part: str = "test") -> list[str]:
    """Describe the counts of a part in lines for the screen; none if every pair counts.

    Args:
        counts: those of metrics.json. Counts of runs of earlier releases, and of evaluations that
            leave nothing out, give no lines.
    """
    return [*_left_out(counts, part), *_few_candidates(counts)]


def _left_out(counts: Mapping[str, int | float], part: str) -> list[str]:
    if "pairs_held_out" not in counts:
        return []
    pairs, users = counts["pairs_held_out"], counts["users_held_out"]
    left_out = pairs - counts["pairs_evaluated"]
    missed = counts["pairs_without_train"] + counts["cold_pairs"] - left_out
    lines = []
    if left_out:
        lines.append(
            f"left out: {left_out:,} of {pairs:,} {part} pairs and "
            f"{users - counts['users_evaluated']:,} of {users:,} users (item or user without a "
            "train interaction)"
        )
    if missed:
        lines.append(
            f"counted as never found: {missed:,} of {pairs:,} {part} pairs (item without a train "
            "interaction)"
        )
    return lines


def _few_candidates(counts: Mapping[str, int | float]) -> list[str]:
    users_at = {
        int(key.removeprefix(f"{FEW_CANDIDATES}@")): int(number)
        for key, number in counts.items()
        if key.startswith(f"{FEW_CANDIDATES}@")
    }
    line = describe_few_candidates(users_at, int(counts["users_evaluated"]))
    return [] if line is None else [line]
