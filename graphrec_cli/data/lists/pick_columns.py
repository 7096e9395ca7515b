"""The columns of a file of lists, by their given or common names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphrec_cli.data.tables.guess_columns import COMMON_NAMES, pick_column
from graphrec_cli.errors import DataError

NAMES = {
    "user": COMMON_NAMES["user"],
    "item": COMMON_NAMES["item"],
    "score": "score scores prediction predictions predicted pred predicted_score pred_score "
    "predicted_rating pred_rating estimate est relevance similarity",
    "rating": "rating ratings",
    "rank": "rank ranks ranking position place",
    "items": "items item_ids item_list items_list list lists recommendations recommendation "
    "recommended recommended_items recs rec_list rec_items topk top_k topk_items prediction "
    "predictions predicted_items movies books products articles tracks songs",
}
"""Common names by key; compared without case, punctuation and RecBole's types."""


def pick(
    key: str, given: Mapping[str, str], header: list[str], path: Path, *, needed: bool = False
) -> str | None:
    """The column of a key, None if there is none.

    Raises:
        DataError: no column fits and one is needed, or several do.
    """
    return pick_column(key, given.get(key), header, path, needed=needed, names=NAMES)


def pick_score(given: Mapping[str, str], header: list[str], path: Path) -> str | None:
    """The column of scores; one of ratings only if no other name fits, as tools write them so."""
    found = pick("score", given, header, path)
    if found is not None or "score" in given:
        return found
    return pick("rating", {}, header, path)


def refuse_shared(columns: Mapping[str, str], path: Path) -> None:
    """Refuse a column that is named for two keys.

    Raises:
        DataError: naming it.
    """
    names = list(columns.values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        keys = [key for key, name in columns.items() if name == twice]
        raise DataError(
            f"{path}: column {twice} is taken for {' and '.join(keys)}; name another column for "
            f"one of them, as in {keys[-1]}=NAME"
        )
