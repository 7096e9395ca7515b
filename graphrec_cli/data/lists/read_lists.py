"""Read a file of recommendation lists: a row for each item, or a list for each user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphrec_cli.config.list_file import ListFile
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.files.packing import PACKINGS
from graphrec_cli.data.lists.flat_lists import FlatLists, id_column
from graphrec_cli.data.lists.json_lists import inner_columns, read_json_lists
from graphrec_cli.data.lists.number_column import AnyNumberColumn
from graphrec_cli.data.lists.pick_columns import NAMES, pick, pick_score, refuse_shared
from graphrec_cli.data.lists.raw_lists import RawLists
from graphrec_cli.data.lists.text_lists import MAX_CELL, split_cells
from graphrec_cli.data.tables.columns import Column, TextColumn
from graphrec_cli.data.tables.csv_rows import read_head
from graphrec_cli.data.tables.guess_columns import name_stands_for, refuse_unused_names
from graphrec_cli.data.tables.open_table import JSON_SUFFIXES, Format, TableFile, open_table
from graphrec_cli.data.tables.read_json import looks_like_json
from graphrec_cli.data.tables.read_parquet import read_parquet_lists, readable_cells
from graphrec_cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

_KEY_OF_A_DATA_SET = re.compile(
    r" \(of titles dataset\.items_encoding[^)]*\)"
    r"|\bdataset\.(?=(?:user|item|items|score|rating|rank|columns|separator|comment|encoding|quoted)\b)"
)


def read_lists(path: Path, file: ListFile) -> RawLists:
    """Read all rows of a file.

    Args:
        path: delimited text, parquet or JSON, plain or packed.
        file: its columns and its form.

    Raises:
        ConfigError: a key does not fit the kind of the file.
        DataError: the file is faulty, or a column cannot be recognised.
    """
    with _own_keys():
        if _is_json(path):
            for key in file.text.given:
                raise ConfigError(f"{key} applies only to text, and {path} is JSON; remove it")
            return read_json_lists(path, file.columns)
        table = open_table(path, file.text)
        given, header = file.columns, list(table.kinds)
        user = pick("user", given, header, path, needed=True)
        assert user is not None
        lists = _list_column(table, given)
        if lists is None:
            return _read_rows(table, given, user)
        read = _read_arrow_lists if table.format is Format.parquet else _read_text_lists
        return read(table, given, user, lists)


@contextmanager
def _own_keys() -> Iterator[None]:
    """Name the keys of a file of lists in messages that name those of a data set."""
    try:
        yield
    except DataError as error:
        raise DataError(_KEY_OF_A_DATA_SET.sub("", str(error))) from error


def _is_json(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKINGS]
    return suffixes[-1:] in ([suffix] for suffix in JSON_SUFFIXES) or looks_like_json(path)


def _list_column(table: TableFile, given: Mapping[str, str]) -> str | None:
    """The column of lists, None if each row has one item.

    Raises:
        DataError: there is neither.
    """
    path, header = table.path, list(table.kinds)
    if given.get("items"):
        return pick("items", given, header, path, needed=True)
    item = pick("item", given, header, path)
    if item is not None:
        return item if _holds_lists(table, item) else None
    listed = None if given.get("items") == "" else pick("items", {}, header, path)
    if listed is None:
        pick("item", given, header, path, needed=True)
    return listed


def _holds_lists(table: TableFile, column: str) -> bool:
    """Whether the cells of a column of items are lists in brackets, or parquet's lists."""
    if table.layout is None:
        return "list" in table.kinds[column]
    names, rows = read_head(table.path, table.layout)
    at = names.index(column)
    cells = [row[at].strip() for row in rows if len(row) == len(names)]
    return any(cell.startswith("[") and cell.endswith("]") for cell in cells)


def _read_rows(table: TableFile, given: Mapping[str, str], user: str) -> RawLists:
    path, header = table.path, list(table.kinds)
    named = {
        "user": user,
        "item": pick("item", given, header, path, needed=True),
        "score": pick_score(given, header, path),
        "rank": pick("rank", given, header, path),
    }
    columns = {key: name for key, name in named.items() if name is not None}
    refuse_shared(columns, path)
    if table.layout is not None and table.layout.names is not None:
        off = [key for key, name in given.items() if not name]
        names = [name for name in header if not name_stands_for(name, off, NAMES)]
        refuse_unused_names("columns", names, list(columns.values()))
    readers: list[Column] = [id_column(columns[key]) for key in ("user", "item")]
    readers += [AnyNumberColumn(columns[key]) for key in ("score", "rank") if key in columns]
    arrays = table.read(readers)
    users, items = arrays[columns["user"]], arrays[columns["item"]]
    assert isinstance(users, CodedTexts)
    assert isinstance(items, CodedTexts)
    numbers = {
        key: np.asarray(arrays[columns[key]], dtype=np.float64)
        for key in ("score", "rank")
        if key in columns
    }
    return RawLists(
        users=users,
        items=items,
        score=numbers.get("score"),
        rank=numbers.get("rank"),
        columns=columns,
        unread=tuple(name for name in header if name not in columns.values()),
    )


def _read_text_lists(
    table: TableFile, given: Mapping[str, str], user: str, listed: str
) -> RawLists:
    columns = {"user": user, "items": listed}
    refuse_shared(columns, table.path)
    reader = TextColumn(listed, max_length=MAX_CELL, may_be_empty=True)
    arrays = table.read([id_column(user), reader])
    users = arrays[user]
    assert isinstance(users, CodedTexts)
    length, entries = split_cells(table.path, listed, np.asarray(arrays[listed], dtype=object))
    return FlatLists(
        path=table.path,
        users=users,
        length=length,
        item=entries,
        score=None,
        rank=None,
        columns=columns,
        unread=tuple(name for name in table.kinds if name not in columns.values()),
    ).rows()


def _read_arrow_lists(
    table: TableFile, given: Mapping[str, str], user: str, listed: str
) -> RawLists:
    import pyarrow as pa
    import pyarrow.compute as pc

    path = table.path
    columns = {"user": user, "items": listed}
    refuse_shared(columns, path)
    users = table.read([id_column(user)])[user]
    assert isinstance(users, CodedTexts)
    lists = read_parquet_lists(path, listed)
    kind = lists.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        raise DataError(f"{path}: column {listed} has the type {kind}, not lists; set item=NAME")
    length = np.asarray(pc.fill_null(pc.list_value_length(lists), 0), dtype=np.int64)
    entries = pc.list_flatten(lists)
    cells: dict[str, pa.Array] = {"item": entries}
    if pa.types.is_struct(entries.type):
        names = inner_columns(path, [field.name for field in entries.type], given)
        columns |= names
        cells = {key: pc.struct_field(entries, name) for key, name in names.items()}
    item = columns.get("item", listed)
    return FlatLists(
        path=path,
        users=users,
        length=length,
        item=readable_cells(path, id_column(item), pa.chunked_array([cells["item"]])),
        score=_numbers(path, columns, cells, "score"),
        rank=_numbers(path, columns, cells, "rank"),
        columns=columns,
        unread=tuple(name for name in table.kinds if name not in columns.values()),
    ).rows()


def _numbers(
    path: Path, columns: Mapping[str, str], cells: Mapping[str, pa.Array], key: str
) -> pa.ChunkedArray | None:
    import pyarrow as pa

    if key not in cells:
        return None
    return readable_cells(path, AnyNumberColumn(columns[key]), pa.chunked_array([cells[key]]))
