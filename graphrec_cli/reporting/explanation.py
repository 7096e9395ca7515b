"""An explained score as text, CSV and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from graphrec_cli.reporting.tables import WIDTH, clip, text_table, wrap
from graphrec_cli.storage.csv_field import csv_field
from graphrec_cli.terminal_text import counted

_MOST_ID = 20
TERM_NAMES = {
    "own": "the user's own embedding (layer 0)",
    "item": "the item's own part",
    "bias": "bias",
    "user_bias": "bias of the user",
    "item_bias": "bias of the item",
    "mean_rating": "mean train rating",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What a train item adds, by where it comes from; the parts sum to the item's contribution.

    Attributes:
        own: of the item's own layer 0.
        users: raw id and contribution of the users of the item with the largest ones.
        other_users: number of its other users.
        of_other_users: their sum.
    """

    own: float
    users: Sequence[tuple[str, float]]
    other_users: int
    of_other_users: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What a train item adds to a score.

    Attributes:
        item_id: raw id.
        title: None if it is unknown.
        value: what it adds.
        change_without: by how much the score changes if the pair of user and item is taken out of
            the graph; None if it was not computed.
        paths: None if they were not asked for.
    """

    item_id: str
    title: str | None
    value: float
    change_without: float | None
    paths: Paths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A score as a sum.

    Attributes:
        user_id, item_id: raw ids.
        title: of the item; None if it is unknown.
        model: its name.
        score: that the model gives.
        rank: from 1, among the items that ``recommend`` would list, and this item.
        candidates: their number.
        part: the part of the split that has the pair; None if none has.
        fixed: by name, terms that do not depend on the user's train items.
        contributions: of some train items, the largest absolute value first.
        other_items: number of the user's other train items.
        of_other_items: their sum.
    """

    user_id: str
    item_id: str
    title: str | None
    model: str
    score: float
    rank: int
    candidates: int
    part: str | None
    fixed: dict[str, float]
    contributions: Sequence[Contribution]
    other_items: int
    of_other_items: float


def explanation_text(explanation: Explanation) -> str:
    """The score, its terms from the largest on, and the paths if there are any."""
    e = explanation
    digits = _decimals([e.score, *(each.value for each in e.contributions), *e.fixed.values()])
    has_removed = any(each.change_without is not None for each in e.contributions)
    blank = [""] * has_removed
    rows = [
        [
            f"{each.value:+.{digits}f}",
            *([f"{each.change_without:+.{digits}f}"] if each.change_without is not None else []),
            clip(each.item_id, _MOST_ID),
            clip(each.title or "", WIDTH),
        ]
        for each in e.contributions
    ]
    others: list[tuple[float, str]] = []
    if e.other_items:
        others.append((e.of_other_items, counted(e.other_items, "more train item")))
    others += [(value, TERM_NAMES[name]) for name, value in e.fixed.items()]
    rows += [[f"{value:+.{digits}f}", *blank, "", name] for value, name in others]
    rows.append([f"{e.score:.{digits}f}", *blank, "", f"score of {clip(e.model, _MOST_ID)}"])
    header = ["adds", *(["without"] * has_removed), "item_id", "train item"]
    lines = [*map(wrap, _heading(e)), "", text_table(header, rows, width=WIDTH)]
    if has_removed:
        lines += ["", *_NOTE]
    if any(each.paths is not None for each in e.contributions):
        lines += ["", _paths_table(e.contributions, digits + 2)]
    return "\n".join(lines) + "\n"


_NOTE = (
    "without: how much the score changes if the pair is taken out of the graph: on",
    "both sides, with the degrees renewed.",
)


def _decimals(values: Sequence[float]) -> int:
    """Decimal places that show five digits of the largest value."""
    largest = max(map(abs, values))
    return min(max(0, 4 - math.floor(math.log10(largest))), 20) if largest > 0 else 4


def _heading(e: Explanation) -> Iterator[str]:
    title = f" '{clip(e.title, 60)}'" if e.title else ""
    yield f"user {clip(e.user_id, 40)}, item {clip(e.item_id, 40)}{title}: score {e.score:.5g}"
    known = {
        None: "the user is not known to have it",
        "train": "it is a train item of the user",
    }.get(e.part, f"it is held out for {e.part}")
    yield f"rank {e.rank:,} of {counted(e.candidates, 'item')}; {known}"


def _paths_table(contributions: Sequence[Contribution], digits: int) -> str:
    rows = []
    for each in contributions:
        if each.paths is None:
            continue
        parts = [
            (each.paths.own, "the item's own embedding (layer 0)"),
            *((value, f"user {clip(user, 40)}") for user, value in each.paths.users),
        ]
        if each.paths.other_users:
            parts.append((each.paths.of_other_users, counted(each.paths.other_users, "more user")))
        item = clip(each.item_id, _MOST_ID)
        rows += [[f"{value:+.{digits}f}", item, name] for value, name in parts]
    return text_table(["adds", "item_id", "through"], rows, width=WIDTH)


def explanation_json(explanation: Explanation) -> str:
    """One JSON object."""
    e = explanation
    content = {
        "user_id": e.user_id,
        "item_id": e.item_id,
        "title": e.title,
        "model": e.model,
        "score": e.score,
        "rank": e.rank,
        "candidates": e.candidates,
        "part": e.part,
        "fixed": e.fixed,
        "contributions": [_json_contribution(each) for each in e.contributions],
        "rest": {"items": e.other_items, "contribution": e.of_other_items},
    }
    return json.dumps(content, allow_nan=False) + "\n"


def _json_contribution(each: Contribution) -> dict[str, object]:
    content: dict[str, object] = {
        "item_id": each.item_id,
        "title": each.title,
        "contribution": each.value,
    }
    if each.change_without is not None:
        content["change_without"] = each.change_without
    if each.paths is not None:
        content["paths"] = {
            "own": each.paths.own,
            "users": [{"user_id": user, "contribution": value} for user, value in each.paths.users],
            "rest": {"users": each.paths.other_users, "contribution": each.paths.of_other_users},
        }
    return content


def explanation_csv(explanation: Explanation) -> str:
    """One row a term, with the columns ``term``, ``item_id``, ``title`` and the numbers.

    The column ``contribution`` sums to the score. Paths have rows of their own in JSON alone.
    """
    e = explanation
    rows: list[tuple[str, str, str, float, float | str]] = []
    for each in e.contributions:
        change = "" if each.change_without is None else each.change_without
        rows.append(("item", each.item_id, each.title or "", each.value, change))
    if e.other_items:
        rows.append((f"{e.other_items} more items", "", "", e.of_other_items, ""))
    rows += [(name, "", "", value, "") for name, value in e.fixed.items()]
    lines = [",".join(csv_field(str(cell)) for cell in row) for row in rows]
    return "\n".join(["term,item_id,title,contribution,change_without", *lines]) + "\n"


TEXTS: dict[str, Callable[[Explanation], str]] = {
    "table": explanation_text,
    "csv": explanation_csv,
    "json": explanation_json,
}
