"""Recommendations as a table, CSV, JSON or Parquet, written block by block."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.evaluation.top_k import TopItems
from graphrec_cli.reporting.stdout import write_stdout
from graphrec_cli.reporting.tables import text_table
from graphrec_cli.storage.atomic import atomic_write
from graphrec_cli.storage.csv_field import csv_field
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import printable

_CONTROLS = re.compile("[\x7f-\x9f]")
"""Control characters that JSON need not escape but that a terminal would interpret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The recommendation lists of some users.

    Attributes:
        user_id: what the lists are named by, raw ids, shape (users,); None for a user who is
            defined by items.
        cold: whether the user gets popular items, shape (users,).
        top: the recommended items, by item index.
    """

    user_id: NDArray[np.object_]
    cold: NDArray[np.bool_]
    top: TopItems


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations:
    """Recommendations to write.

    Attributes:
        item_id: raw ids, by item index.
        title: titles, by item index, "" if unknown; None if the data has no titles.
        marks_cold: whether to write for every user whether the user is cold.
        blocks: the lists; the iterator can be consumed once.
        named_by: what a list belongs to: ``user_id``, or ``similar_to`` for the id of an item.
    """

    item_id: NDArray[np.object_]
    title: NDArray[np.object_] | None
    marks_cold: bool
    blocks: Iterator[Block]
    named_by: str = "user_id"


def write_recommendations(
    recommendations: Recommendations, file_format: str, out: Path | None
) -> None:
    """Write atomically to the file ``out``, or to stdout.

    Args:
        file_format: table, csv, json or parquet.
        out: the file to create or replace; None writes to stdout, except for parquet.

    Raises:
        OutputError: the file cannot be written, or stdout cannot encode a character.
    """
    if out is None:
        write_stdout(TEXTS[file_format](recommendations))
        return
    with progress(f"writing {out.name}"), atomic_write(out) as file:
        if file_format == "parquet":
            write_parquet(recommendations, file)
        else:
            for text in TEXTS[file_format](recommendations):
                file.write(text.encode())


def table_texts(recommendations: Recommendations) -> Iterator[str]:
    """Yield a heading and a table for every user, with unprintable characters escaped."""
    names = [name for name in _column_names(recommendations) if name != "cold"][1:]
    item_id, title = _escaped_items(recommendations, printable)
    gap = ""
    for block in recommendations.blocks:
        top = block.top
        columns = [
            map(str, _ranks(top).tolist()),
            item_id[top.item_index].tolist(),
            map("{:.6g}".format, top.score.tolist()),
            *([] if title is None else [title[top.item_index].tolist()]),
        ]
        rows = zip(*columns, strict=True)
        for user_id, cold, length in zip(block.user_id, block.cold, top.length, strict=True):
            own = [list(row) for row in islice(rows, int(length))]
            table = text_table(names, own) if own else "no items to recommend"
            heading = _heading(recommendations, user_id, cold=bool(cold))
            yield f"{gap}{heading}\n{table}\n"
            gap = "\n"


def csv_texts(recommendations: Recommendations) -> Iterator[str]:
    """Yield a header, then one row per item; fields are quoted only where necessary."""
    yield ",".join(_column_names(recommendations)) + "\n"
    item_id, title = _escaped_items(recommendations, csv_field)
    for block in recommendations.blocks:
        top = block.top
        user_id = np.array([csv_field(name or "") for name in block.user_id], dtype=np.object_)
        cold = np.where(block.cold, "true", "false")
        columns = [
            np.repeat(user_id, top.length).tolist(),
            map(str, _ranks(top).tolist()),
            item_id[top.item_index].tolist(),
            map(str, top.score),
            *([] if title is None else [title[top.item_index].tolist()]),
            *([np.repeat(cold, top.length).tolist()] if recommendations.marks_cold else []),
        ]
        yield "".join(f"{line}\n" for line in map(",".join, zip(*columns, strict=True)))


def json_texts(recommendations: Recommendations) -> Iterator[str]:
    """Yield a JSON list with one line per user; each user's best item comes first."""
    lists = JsonLists(recommendations.item_id, recommendations.title)
    separator = "[\n"
    for block in recommendations.blocks:
        for line in lists.lines(
            block, recommendations.named_by, marks_cold=recommendations.marks_cold
        ):
            yield separator + line
            separator = ",\n"
    yield "\n]\n"


class JsonLists:
    """Writes lists as lines of JSON; the text of every item is made once."""

    def __init__(self, item_id: NDArray[np.object_], title: NDArray[np.object_] | None) -> None:
        """Make the texts of items; arguments as the attributes of ``Recommendations``."""
        before = [f'{{"item_id": {_json_value(name)}, "score": ' for name in item_id]
        after = ["}"] * len(item_id)
        if title is not None:
            after = [f', "title": {_json_value(name or None)}}}' for name in title]
        self._around = np.array([before, after], dtype=np.object_)

    def lines(self, block: Block, named_by: str, *, marks_cold: bool = False) -> Iterator[str]:
        """Yield an object for every list of a block; arguments as in ``Recommendations``."""
        top = block.top
        before, after = self._around[:, top.item_index].tolist()
        items = map("".join, zip(before, map(str, top.score), after, strict=True))
        for user_id, cold, length in zip(block.user_id, block.cold, top.length, strict=True):
            mark = f'"cold": {_json_value(bool(cold))}, ' if marks_cold else ""
            own = ", ".join(islice(items, int(length)))
            yield f'{{"{named_by}": {_json_value(user_id)}, {mark}"items": [{own}]}}'


def write_parquet(recommendations: Recommendations, file: IO[bytes]) -> None:
    """Write the columns of the CSV format; unknown titles and missing user ids are null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    title = recommendations.title

    def table(block: Block) -> Any:
        top = block.top
        columns = {
            recommendations.named_by: pa.array(np.repeat(block.user_id, top.length), pa.string()),
            "rank": pa.array(_ranks(top), pa.int64()),
            "item_id": pa.array(recommendations.item_id[top.item_index], pa.string()),
            "score": pa.array(top.score),
        }
        if title is not None:
            known = [name or None for name in title[top.item_index]]
            columns["title"] = pa.array(known, pa.string())
        if recommendations.marks_cold:
            columns["cold"] = pa.array(np.repeat(block.cold, top.length))
        return pa.table(columns)

    tables = map(table, recommendations.blocks)
    first = next(tables)
    with pq.ParquetWriter(file, first.schema) as writer:
        for rows in chain([first], tables):
            writer.write_table(rows)


TEXTS: dict[str, Callable[[Recommendations], Iterator[str]]] = {
    "table": table_texts,
    "csv": csv_texts,
    "json": json_texts,
}


def _column_names(recommendations: Recommendations) -> list[str]:
    return [
        *(recommendations.named_by, "rank", "item_id", "score"),
        *([] if recommendations.title is None else ["title"]),
        *(["cold"] if recommendations.marks_cold else []),
    ]


def _escaped_items(
    recommendations: Recommendations, escape: Callable[[str], str]
) -> tuple[NDArray[np.object_], NDArray[np.object_] | None]:
    """Escape ids and titles for a format, once per item instead of once per recommendation."""
    item_id, title = recommendations.item_id, recommendations.title
    ids = np.array(list(map(escape, item_id)), dtype=np.object_)
    return ids, None if title is None else np.array(list(map(escape, title)), dtype=np.object_)


def _ranks(top: TopItems) -> NDArray[np.int64]:
    """Compute the rank of every item in its user's list, from 1."""
    first = np.cumsum(top.length) - top.length
    return np.arange(1, len(top.item_index) + 1) - np.repeat(first, top.length)


def _heading(recommendations: Recommendations, name: str | None, *, cold: bool) -> str:
    if recommendations.named_by == "similar_to":
        (item,) = np.flatnonzero(recommendations.item_id == name)
        title = "" if recommendations.title is None else recommendations.title[item]
        return f"similar to item {printable(str(name))}" + (title and f" '{printable(title)}'")
    shown = "a user with the given items" if name is None else f"user {printable(name)}"
    return f"{shown} (cold: popular items)" if cold else shown


def _json_value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
