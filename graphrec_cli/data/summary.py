"""Describe a raw table, its positive pairs and their split in plain values for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import PART_NAMES, RawTable, UserItems
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.time_text import utc_text

FIRST_ROWS = 5
EXAMPLE_PAIRS = 3
ROWS_OF_EXAMPLE = 4
MAX_DISTINCT_RATINGS = 20
"""With more distinct ratings than this, the histogram has ranges of equal width."""
RATING_RANGES = 10
DEGREE_PERCENTS = (5, 25, 50, 75, 95)
POPULAR_PERCENTS = (1, 10)
SECOND = 10**9
PRECISIONS = {
    "day": 86_400 * SECOND,
    "second": SECOND,
    "millisecond": 10**6,
    "microsecond": 10**3,
    "nanosecond": 1,
}
"""Steps of time in nanoseconds, the coarsest first."""


def describe_table(source: SourceData) -> dict[str, Any]:
    """Describe at least one raw row, before anything is dropped.

    Returns:
        ``rows``, ``users``, ``items``; ``rows_by_signal``; ``rows_by_part``, None without a split
        of the source's own; ``first_rows``; ``ratings`` and ``timestamps``, None if there are
        none; ``duplicates``.
    """
    table = source.table
    user_code, users = pd.factorize(_codes(table.user_id))
    item_code, items = pd.factorize(_codes(table.item_id))
    pair_code, _ = pd.factorize(user_code * len(items) + item_code)
    return {
        "rows": len(table),
        "users": len(users),
        "items": len(items),
        "rows_by_signal": _counts(table.signal, table.signal_names),
        "rows_by_part": None if table.part is None else _counts(table.part, PART_NAMES),
        "first_rows": _describe_rows(source, np.arange(min(FIRST_ROWS, len(table)))),
        "ratings": describe_ratings(table.rating),
        "timestamps": _describe_timestamps(table.timestamp),
        "duplicates": _describe_duplicates(source, pair_code),
    }


def _describe_rows(source: SourceData, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Some rows of the raw table, each with its number (``row``, from 1) and its values.

    Ids are text, ``timestamp`` is in seconds since 1970. ``rating``, ``weight``, ``timestamp``,
    ``time`` (UTC), ``part`` and ``title`` are None where the row has none.
    """
    table = source.table
    titles = _titles_of(source, np.asarray(table.item_id[rows]))
    return [_describe_row(table, row, titles) for row in rows.tolist()]


def describe_ratings(rating: NDArray[np.floating]) -> dict[str, Any] | None:
    """How many rows have which rating; None if no row has one.

    Returns:
        ``rows_with``, ``rows_without``, ``min``, ``max``, ``mean``, and ``histogram``: its ``rows``
        for every rating (``low`` equals ``high``), or for every range if there are too many.
    """
    rated = rating[~np.isnan(rating)].astype(np.float64)
    if not len(rated):
        return None
    low, rows = np.unique(rated, return_counts=True)
    high = low
    if len(low) > MAX_DISTINCT_RATINGS:
        rows, edges = np.histogram(rated, bins=RATING_RANGES)
        low, high = edges[:-1], edges[1:]
    return {
        "rows_with": len(rated),
        "rows_without": len(rating) - len(rated),
        "min": float(rated.min()),
        "max": float(rated.max()),
        "mean": float(rated.mean()),
        "histogram": [
            {"low": start, "high": end, "rows": count}
            for start, end, count in zip(low.tolist(), high.tolist(), rows.tolist(), strict=True)
        ],
    }


def describe_pairs(
    user_degree: NDArray[np.int64], item_degree: NDArray[np.int64]
) -> dict[str, Any]:
    """Size, density and degrees of at least one positive pair.

    Args:
        user_degree: pairs of every user, shape (users,).
        item_degree: pairs of every item, shape (items,).

    Returns:
        ``users``, ``items``, ``pairs``, ``density`` (of all possible pairs); ``user_degree`` and
        ``item_degree`` as from ``describe_degrees``; ``popular``: for the most popular ``percent``
        of the items, their number ``items`` (rounded up) and their ``share`` of the pairs.
    """
    pairs = int(user_degree.sum())
    popular_first = np.sort(item_degree)[::-1]
    tops = {percent: -(-len(item_degree) * percent // 100) for percent in POPULAR_PERCENTS}
    return {
        "users": len(user_degree),
        "items": len(item_degree),
        "pairs": pairs,
        "density": pairs / (len(user_degree) * len(item_degree)),
        "user_degree": describe_degrees(user_degree),
        "item_degree": describe_degrees(item_degree),
        "popular": [
            {"percent": percent, "items": top, "share": int(popular_first[:top].sum()) / pairs}
            for percent, top in tops.items()
        ],
    }


def describe_degrees(degree: NDArray[np.int64]) -> dict[str, Any]:
    """``min``, ``max``, ``mean``, and quantiles such as ``p50``: the smallest degree that is at
    least that of so many percent."""
    quantiles = np.percentile(degree, DEGREE_PERCENTS, method="inverted_cdf")
    return {
        "min": int(degree.min()),
        **{
            f"p{percent}": int(value)
            for percent, value in zip(DEGREE_PERCENTS, quantiles, strict=True)
        },
        "max": int(degree.max()),
        "mean": float(degree.mean()),
    }


def describe_split(split: Split) -> dict[str, Any]:
    """The parts ``train``, ``valid`` (may be None) and ``test``, and the ``hash``.

    For each part: ``pairs``, ``users``, ``items``; ``cold_users`` and ``cold_items``, which have no
    train pair, and ``cold_pairs``, those of such a user or item. ``catalog_items`` counts the items
    with a train pair, among which a model ranks.
    """
    valid = None if split.valid is None else _describe_part(split.valid, split.train)
    return {
        "train": _describe_part(split.train, split.train),
        "valid": valid,
        "test": _describe_part(split.test, split.train),
        "catalog_items": int(np.count_nonzero(split.train.item_degree)),
        "hash": split.hash(),
    }


def _describe_part(part: UserItems, train: UserItems) -> dict[str, int]:
    new_user, new_item = train.user_degree == 0, train.item_degree == 0
    return {
        "pairs": part.num_pairs,
        "users": int(np.count_nonzero(part.user_degree)),
        "items": int(np.count_nonzero(part.item_degree)),
        "cold_users": int((new_user & (part.user_degree > 0)).sum()),
        "cold_items": int((new_item & (part.item_degree > 0)).sum()),
        "cold_pairs": int((new_user[part.user_index()] | new_item[part.item_index]).sum()),
    }


def _describe_timestamps(timestamp: NDArray[np.int64] | None) -> dict[str, Any] | None:
    if timestamp is None:
        return None
    first, last = int(timestamp.min()), int(timestamp.max())
    return {
        "first": _seconds(first),
        "last": _seconds(last),
        "first_time": utc_text(first),
        "last_time": utc_text(last),
        "precision": next(
            name for name, length in PRECISIONS.items() if not (timestamp % length).any()
        ),
    }


def _describe_duplicates(source: SourceData, pair_code: NDArray[np.int64]) -> dict[str, Any]:
    """Pairs in more than one row: how many ``pairs`` and ``rows``, and the rows of a few."""
    rows_of_pair = np.bincount(pair_code)
    repeated = np.flatnonzero(rows_of_pair > 1)
    return {
        "pairs": len(repeated),
        "rows": int(rows_of_pair[repeated].sum()),
        "examples": [
            _describe_rows(source, np.flatnonzero(pair_code == pair)[:ROWS_OF_EXAMPLE])
            for pair in repeated[:EXAMPLE_PAIRS]
        ],
    }


def _describe_row(table: RawTable, row: int, titles: dict[str, str]) -> dict[str, Any]:
    rating = float(table.rating[row])
    timestamp = None if table.timestamp is None else int(table.timestamp[row])
    user_id, item_id = (
        str(np.asarray(ids[row : row + 1])[0]) for ids in (table.user_id, table.item_id)
    )
    return {
        "row": row + 1,
        "user_id": user_id,
        "item_id": item_id,
        "signal": table.signal_names[table.signal[row]],
        "rating": None if np.isnan(rating) else rating,
        "weight": None if table.weight is None else float(table.weight[row]),
        "timestamp": None if timestamp is None else _seconds(timestamp),
        "time": None if timestamp is None else utc_text(timestamp),
        "part": None if table.part is None else PART_NAMES[table.part[row]],
        "title": titles.get(item_id),
    }


def _titles_of(source: SourceData, item_id: NDArray[np.generic]) -> dict[str, str]:
    if source.titles is None:
        return {}
    ids, titles = source.titles
    known = IdMap.from_ids(item_id).index(ids) >= 0
    return dict(zip(map(str, ids[known].tolist()), map(str, titles[known]), strict=True))


def _codes(ids: NDArray[np.generic] | CodedTexts) -> NDArray[np.generic]:
    """Values that differ where the ids differ, shape (rows,)."""
    return ids.code if isinstance(ids, CodedTexts) else ids


def _counts(code: NDArray[np.int8], names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(code, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def _seconds(nanoseconds: int) -> int | float:
    """Seconds since 1970, an integer where they are whole."""
    whole, rest = divmod(nanoseconds, SECOND)
    return nanoseconds / SECOND if rest else whole
