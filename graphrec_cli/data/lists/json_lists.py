"""Lists in JSON: an object of all users, a list of objects, or an object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.data.lists.flat_lists import FlatLists, checked_ids, texts_of
from graphrec_cli.data.lists.pick_columns import pick, pick_score, refuse_shared
from graphrec_cli.data.lists.raw_lists import RawLists
from graphrec_cli.errors import DataError
from graphrec_cli.storage.bounded_json import distinct_keys
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = (
    'write {"user": ["item", ..], ..}, or objects such as {"user": "u1", "items": ["i1", "i2"]} or '
    '{"user": "u1", "item": "i1", "score": 0.5}'
)


def read_json_lists(path: Path, given: Mapping[str, str]) -> RawLists:
    """Read a file of JSON; numbers stay as they are written.

    Args:
        path: plain or packed, UTF-8.
        given: names of columns by key.

    Raises:
        DataError: the file is damaged or has another form.
    """
    content = _content(path)
    if isinstance(content, dict):
        return _of_all_users(path, content)
    if not content or not all(isinstance(row, dict) for row in content):
        raise DataError(f"{path} is no JSON of lists; {FORMS}")
    return _of_rows(path, content, given)


def _content(path: Path) -> dict[str, Any] | list[Any]:
    """The object of all users, or the rows."""
    with open_unpacked(path) as stream:
        raw = stream.readall() or b""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is no UTF-8 at byte {error.start + 1}; save it as UTF-8"
        ) from error
    whole: object = None
    with suppress(ValueError, RecursionError):
        whole = _DECODER.decode(text)
    if isinstance(whole, dict) and whole and _holds_lists(whole.values()):
        return whole
    if isinstance(whole, list):
        return whole
    return [whole] if isinstance(whole, dict) else list(_lines(path, text))


def _holds_lists(values: Any) -> bool:
    return all(isinstance(value, list | dict) for value in values)


def _lines(path: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{path}, line {number}: not JSON ({_why(error)}); {FORMS}"
                ) from error


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


_DECODER = json.JSONDecoder(
    object_pairs_hook=distinct_keys, parse_int=str, parse_float=str, parse_constant=str
)


def _of_all_users(path: Path, content: dict[str, Any]) -> RawLists:
    """``{user: [item, ..]}``, ``{user: [[item, score], ..]}`` or ``{user: {item: score}}``."""
    users, lists = list(content), list(content.values())
    if all(isinstance(value, dict) for value in lists):
        items = list(chain.from_iterable(lists))
        scores = list(chain.from_iterable(value.values() for value in lists))
        columns = {"user": "keys", "item": "inner keys", "score": "inner values"}
        return _flat(path, users, lists, {"item": items, "score": scores}, columns)
    if not all(isinstance(value, list) for value in lists):
        raise DataError(f"{path}: some users have a list and others an object; {FORMS}")
    columns = {"user": "keys", "items": "values"}
    cells, names = _entries(path, list(chain.from_iterable(lists)), {})
    return _flat(path, users, lists, cells, {**columns, **names})


def _of_rows(path: Path, rows: Sequence[dict[str, Any]], given: Mapping[str, str]) -> RawLists:
    """Objects with a user each, and an item or a list of items."""
    header = list(dict.fromkeys(chain.from_iterable(rows)))
    user = pick("user", given, header, path, needed=True)
    assert user is not None
    nested = {name for name in header if any(isinstance(row.get(name), list) for row in rows[:100])}
    item = None if given.get("items") else pick("item", given, header, path)
    if item is not None and item not in nested:
        score, rank = pick_score(given, header, path), pick("rank", given, header, path)
        named = {"item": item, "score": score, "rank": rank}
        columns = {"user": user} | {key: name for key, name in named.items() if name is not None}
        refuse_shared(columns, path)
        cells = {key: [row.get(name) for row in rows] for key, name in columns.items()}
        users = cells.pop("user")
        unread = tuple(name for name in header if name not in columns.values())
        return _flat(path, users, [[None]] * len(rows), cells, columns, unread)
    listed = item or _list_column(path, given, header, nested)
    lists = [row.get(listed) or [] for row in rows]
    odd = next((place for place, value in enumerate(lists) if not isinstance(value, list)), None)
    if odd is not None:
        raise DataError(f"{path}: {listed} of row {odd + 1} is no list; {FORMS}")
    cells, names = _entries(path, list(chain.from_iterable(lists)), given)
    columns = {"user": user, "items": listed, **names}
    unread = tuple(name for name in header if name not in (user, listed))
    return _flat(path, [row.get(user) for row in rows], lists, cells, columns, unread)


def _list_column(path: Path, given: Mapping[str, str], header: list[str], nested: set[str]) -> str:
    if given.get("items"):
        name = pick("items", given, header, path, needed=True)
    else:
        name = pick("items", {}, [name for name in header if name in nested], path)
    if name is None:
        raise DataError(
            f"{path} has no column with a known name for items or lists; set item=NAME or "
            f"items=NAME (its columns are {shorten(', '.join(header), 200)})"
        )
    return name


def _entries(
    path: Path, entries: list[Any], given: Mapping[str, str]
) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """The cells of all entries by key, and the names of their columns."""
    kinds = set(map(type, entries))
    if kinds <= {str}:
        return {"item": entries}, {}
    if kinds == {list} and set(map(len, entries)) == {2}:
        items, scores = zip(*entries, strict=True)
        return {"item": list(items), "score": list(scores)}, {}
    if kinds == {dict}:
        header = list(dict.fromkeys(chain.from_iterable(entries)))
        names = inner_columns(path, header, given)
        return {key: [entry.get(name) for entry in entries] for key, name in names.items()}, names
    raise DataError(f"{path}: its lists have entries of several kinds; {FORMS}")


def inner_columns(path: Path, header: list[str], given: Mapping[str, str]) -> dict[str, str]:
    """The columns of entries that are objects: ``item``, and ``score`` and ``rank`` if any.

    Raises:
        DataError: one is missing, or cannot be told from another.
    """
    named = {
        "item": pick("item", given, header, path, needed=True),
        "score": pick_score(given, header, path),
        "rank": pick("rank", given, header, path),
    }
    columns = {key: name for key, name in named.items() if name is not None}
    refuse_shared(columns, path)
    return columns


def _flat(
    path: Path,
    users: Sequence[object],
    lists: Sequence[Any],
    cells: Mapping[str, Sequence[object]],
    columns: dict[str, str],
    unread: tuple[str, ...] = (),
) -> RawLists:
    arrays: dict[str, pa.ChunkedArray] = {
        key: texts_of(path, columns.get(key, "a list"), values) for key, values in cells.items()
    }
    return FlatLists(
        path=path,
        users=checked_ids(path, columns["user"], texts_of(path, columns["user"], users)),
        length=np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)),
        item=arrays["item"],
        score=arrays.get("score"),
        rank=arrays.get("rank"),
        columns=columns,
        unread=unread,
    ).rows()
