"""What is odd about recommendation lists: counts by cause, with a few examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.distinct import distinct
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.lists.index_lists import IndexedIds
from graphrec_cli.data.lists.raw_lists import RawLists
from graphrec_cli.evaluation.listed_ranks import ListedRanks
from graphrec_cli.terminal_text import shorten

EXAMPLES = 3
_NAMES, _NAME_WIDTH = 20, 100
"""Names of columns that are kept, and their length."""


def audit_lists(
    raw: RawLists,
    users: IndexedIds,
    items: IndexedIds,
    ranked: ListedRanks,
    *,
    ids_of_users: IdMap,
    seen_parts: Sequence[str],
) -> dict[str, Any]:
    """Count what was found in lists.

    Args:
        raw: the lists.
        users, items: their ids, looked up.
        ranked: the rows that have no place, and what the lists lack.
        ids_of_users: raw ids of the split's users.
        seen_parts: names of the parts of ``ranked.seen``.

    Returns:
        For JSON: numbers, and objects with ``rows``, ``users`` and up to three ``examples`` of raw
        ids or of pairs of them.
    """
    pairs = {
        **{f"seen_{name}": rows for name, rows in zip(seen_parts, ranked.seen, strict=True)},
        "outside_catalog": ranked.outside_catalog,
        "duplicates": ranked.repeated,
        "masked": ranked.masked,
    }
    unknown_items = ~ranked.unknown_user & (items.index < 0)
    no_list = ids_of_users.ids[ranked.no_list[:EXAMPLES]].astype(str).tolist()
    return {
        "rows": len(raw),
        "users_listed": len(users.unknown) + len(distinct(users.index[users.index >= 0])),
        "order": raw.order,
        "columns": {key: shorten(name, _NAME_WIDTH) for key, name in raw.columns.items()},
        "unread": [shorten(name, _NAME_WIDTH) for name in raw.unread[:_NAMES]],
        **{name: _of_pairs(raw, rows, users.index) for name, rows in pairs.items()},
        "unknown_items": {
            "rows": int(np.count_nonzero(unknown_items)),
            "users": len(distinct(users.index[unknown_items])),
            "ids": len(distinct(raw.items.code[unknown_items])),
            "examples": _first_texts(raw.items, unknown_items),
            "hint": items.hint,
        },
        "unknown_users": {
            "rows": int(np.count_nonzero(ranked.unknown_user)),
            "users": len(users.unknown),
            "examples": users.unknown[:EXAMPLES],
            "hint": users.hint,
        },
        "users_without_list": {"users": len(ranked.no_list), "examples": no_list},
        "short_lists": {str(k): number for k, number in ranked.short.items()},
        "partial_lists": ranked.partial,
        "ties_at_cut_off": {str(k): number for k, number in ranked.tied_at.items()},
        "rank_against_score": _disagreeing_users(raw),
    }


def _first_texts(ids: CodedTexts, rows: NDArray[np.bool_]) -> list[str]:
    """The first different ids of these rows."""
    code, first = np.unique(ids.code[rows], return_index=True)
    texts: list[str] = ids.text[code[np.argsort(first)[:EXAMPLES]]].tolist()
    return texts


def _of_pairs(
    raw: RawLists, rows: NDArray[np.bool_], user_index: NDArray[np.int64]
) -> dict[str, Any]:
    first = np.flatnonzero(rows)[:EXAMPLES]
    pairs = zip(raw.users[first].tolist(), raw.items[first].tolist(), strict=True)
    return {
        "rows": int(np.count_nonzero(rows)),
        "users": len(distinct(user_index[rows])),
        "examples": [list(pair) for pair in pairs],
    }


def _disagreeing_users(raw: RawLists) -> int:
    """Users with an item of a higher score than one of a better rank; 0 without both."""
    if raw.score is None or raw.rank is None:
        return 0
    order = np.lexsort((raw.rank, raw.users.code))
    user, rank, score = raw.users.code[order], raw.rank[order], raw.score[order]
    rises = (user[1:] == user[:-1]) & (rank[1:] > rank[:-1]) & (score[1:] > score[:-1])
    return len(distinct(user[1:][rises]))
