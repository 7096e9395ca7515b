"""Judged lists on the screen: how they were read, what is odd about them, and their metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec_cli.reporting.tables import WIDTH, clip, metrics_table, text_table, wrap
from graphrec_cli.terminal_text import counted

_ORDERS = {
    "score": "ordered by score, the highest first; equal scores by a hash",
    "rank": "ordered by rank, the lowest first",
    "rows": "ordered as the rows are",
}
_SEEN = "taken out: the user has it in {part}"
_PAIRS = {
    "seen_train": ("seen items", _SEEN.format(part="train")),
    "seen_valid": ("seen items", _SEEN.format(part="valid")),
    "outside_catalog": ("not in the catalog", "taken out: the item has no train interaction"),
    "duplicates": ("duplicates", "the better place counts"),
    "masked": ("score of -inf", "taken out: the tool has masked the item"),
    "unknown_items": ("unknown items", "keep their place, as wrong items"),
    "unknown_users": ("unknown users", "left out"),
}
"""Heading and consequence, by name in the audit."""


def describe_reading(audit: Mapping[str, Any], file_name: str) -> list[str]:
    """Lines that say what was read and what orders the lists."""
    columns = " ".join(f"{key}={clip(name, 40)}" for key, name in audit["columns"].items())
    unread = ", ".join(clip(name or "(no name)", 40) for name in audit["unread"][:8])
    lines = [
        f"{clip(file_name, 60)}: {counted(audit['rows'], 'row')}, "
        f"{counted(audit['users_listed'], 'user')}; {columns}"
        + (f"; not read: {unread}" if unread else ""),
        _ORDERS[audit["order"]],
    ]
    if audit["rank_against_score"]:
        lines.append(
            f"rank and score disagree for {counted(audit['rank_against_score'], 'user')}; the "
            "score decides, score='' lets the rank decide"
        )
    return [wrap(line) for line in lines]


def describe_audit(audit: Mapping[str, Any], users: int) -> list[str]:
    """A table of what was found in the lists, and lines about what they lack.

    Args:
        audit: of ``audit_lists``.
        users: number of users evaluated.
    """
    rows = []
    for name, (heading, consequence) in _PAIRS.items():
        found = audit.get(name)
        if found and found["rows"]:
            text = f"{consequence}; {_examples(found['examples'])}"
            rows.append([heading, f"{found['rows']:,}", f"{found['users']:,}", text])
    lines = []
    if rows:
        lines.append(
            text_table(["found", "rows", "users", "what becomes of it"], rows, width=WIDTH)
        )
    lines += [
        wrap(f"{_PAIRS[name][0]}: {audit[name]['hint']}")
        for name in ("unknown_items", "unknown_users")
        if audit[name]["hint"]
    ]
    without = audit["users_without_list"]
    if without["users"]:
        lines.append(
            wrap(
                f"{without['users']:,} of {counted(users, 'evaluated user')} have no list, such as "
                f"{_examples(without['examples'])}: all their held-out items count as not found"
            )
        )
    short = _at_cut_offs(audit["short_lists"])
    if short:
        lines.append(
            wrap(
                f"lists with fewer places than k: {short} of {counted(users, 'user')}; metrics at "
                "these k are lower bounds"
            )
        )
    if audit["partial_lists"]:
        lines.append(
            wrap(
                f"{audit['partial_lists']:,} of {counted(users, 'user')} have a list without all "
                "items: what is not listed counts as not found, so mrr is a lower bound"
            )
        )
    tied = _at_cut_offs(audit["ties_at_cut_off"])
    if tied:
        lines.append(wrap(f"ties across the cut-off: {tied} of {counted(users, 'user')}"))
    return lines or ["nothing odd was found in the lists"]


def judged_table(name: str, metrics: Mapping[str, float], beside: Mapping[str, Any]) -> str:
    """A table with the metrics of the lists, of the run's model and of popularity."""
    heading = clip(name, 24)
    if heading in beside:
        heading = f"{heading} (lists)"
    return metrics_table({heading: metrics, **beside}, list(metrics))


def _examples(examples: list[Any]) -> str:
    """Up to three ids, or pairs of a user and an item."""
    shown = (
        f"item {clip(one[1], 24)} of user {clip(one[0], 24)}"
        if isinstance(one, list)
        else f"'{clip(one, 24)}'"
        for one in examples
    )
    return ", ".join(shown)


def _at_cut_offs(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} at k={k}" for k, number in numbers.items() if number)
