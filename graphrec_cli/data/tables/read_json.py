"""Read columns of JSON lines, one object per line, as checked arrays; numbers stay as written."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from json import JSONDecodeError as JSONError
from pathlib import Path
from typing import Any

from graphrec_cli.data.tables.cells import parsed_number
from graphrec_cli.data.tables.columns import Column, ColumnArray, naming_file
from graphrec_cli.data.tables.layout import Layout, open_lines, open_utf8
from graphrec_cli.data.tables.where import WhereColumn
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

ROWS_OF_KINDS = 1000
"""Rows whose keys and values give the columns and their kinds."""
BLOCK_ROWS = 2**16
"""Converted at a time."""
MAX_DEPTH = 8
"""Objects within each other whose values have a name."""
INNER = "inner"
"""The kind of a value of an object in a row."""
FLAT = 'write one flat object per line, as in {"user": "u1", "item": "i1"}'
"""What to do about JSON in another form."""
_LAYOUT = Layout(quoted=False)
_KEY = re.compile(rb'"([^"\n]*+)"\s*+:')
_START = re.compile(r"""(\[\s*)?\{\s*["']|[{[]\s*$""")


def looks_like_json(path: Path) -> bool:
    """Whether the first line is an object or opens a list of objects; False if it is no text."""
    try:
        with open_lines(path, _LAYOUT) as lines:
            start = next((line.lstrip() for line in lines if line.strip()), "")
    except DataError:  # another encoding, or damage, which reading it as a table names
        return False
    return _START.match(start) is not None


def json_kinds(path: Path) -> dict[str, str]:
    """By name of every key of any row, ``number`` or ``text``: the kind of its first values.

    Values of objects in the first rows have a name too, and the kind ``INNER``.

    Raises:
        DataError: the file cannot be read, is empty, or one of its first rows is not an object.
    """
    kinds: dict[str, str] = {}
    rows = list(islice(_objects(path), ROWS_OF_KINDS))
    for _, row in rows:
        for name, value in row.items():
            if value is not None and kinds.get(name) != "text":
                kinds[name] = _kind(value)
    for _, row in rows:
        for name in row:
            kinds.setdefault(name, "text")  # null in each of them
    if len(rows) == ROWS_OF_KINDS:
        for row in _rows_with_other_keys(path, kinds):
            for name in row.keys() - kinds.keys():
                kinds[name] = _kind(row[name])
    if len(rows) == 1 and _holds_rows(rows[0][1]):
        raise DataError(
            f"{path} is one object with the rows inside, in {shorten(', '.join(kinds), 80)}; {FLAT}"
        )
    if not kinds:
        raise DataError(f"{path} is empty; it needs a JSON object per line")
    for _, row in rows:
        for name, _ in _inner(row):
            kinds.setdefault(name, INNER)
    return kinds


def _inner(row: dict[str, Any], depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The values of the objects in a row, named by their keys, as in ``properties.id``."""
    for key, value in row.items():
        if isinstance(value, dict):
            inner = {f"{key}.{name}": part for name, part in value.items()}
            yield from ((name, part) for name, part in inner.items() if not isinstance(part, dict))
            if depth < MAX_DEPTH:
                yield from _inner(inner, depth + 1)


def _value(row: dict[str, Any], name: str) -> Any:
    """The value of a key, or of keys of objects within each other that are joined by dots."""
    if name in row or "." not in name:
        return row.get(name)
    value: Any = row
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return dict(_inner(row)).get(name) if value is None else value  # a key may have a dot


def _kind(value: object) -> str:
    return "text" if parsed_number(_cell(value) or "") is None else "number"


def _rows_with_other_keys(path: Path, known: Collection[str]) -> Iterator[dict[str, Any]]:
    """Rows that may have keys other than ``known``, which may grow meanwhile.

    Faulty lines are left out; whoever reads the columns names them.
    """
    with open_utf8(path, _LAYOUT) as chunks, suppress(ValueError):
        held = b""
        for chunk in chain(chunks, [b"\n"]):
            lines, _, held = (held + chunk).rpartition(b"\n")
            if _has_only(lines, known):  # far faster than to parse them
                continue
            for line in lines.split(b"\n"):
                with suppress(ValueError, RecursionError):
                    row = {} if _has_only(line, known) else _DECODER.decode(line.decode())
                    if isinstance(row, dict):
                        yield row


def _has_only(lines: bytes, known: Collection[str]) -> bool:
    """Whether everything that looks like a key is one of ``known``."""
    written = {name.encode() for name in known} | {
        json.dumps(name)[1:-1].encode() for name in known
    }
    return written.issuperset(_KEY.findall(lines))


def _holds_rows(only: dict[str, Any]) -> bool:
    """Whether the only object of a file is not a row: its values are lists and objects."""
    values = only.values()
    nested = all(isinstance(value, list | dict) for value in values)
    lists = (value for value in values if isinstance(value, list))
    return nested or any(isinstance(part, dict) for value in lists for part in value)


def read_json_columns(
    path: Path, columns: Sequence[Column], most_rows: int | None = None
) -> dict[str, ColumnArray]:
    """Read columns by the names of their keys, of all rows or of the first ``most_rows``.

    Texts and numbers are taken as they are written. A key that is missing or null is empty.

    Raises:
        DataError: the file is damaged or has a faulty line; the error gives its number.
    """
    import pyarrow as pa

    chunks: dict[str, list[Any]] = {column.name: [] for column in columns}
    rows = islice(_objects(path), most_rows)
    while block := list(islice(rows, BLOCK_ROWS)):
        for column in columns:
            cells = [_cell(_value(row, column.name)) for _, row in block]
            if None in cells:
                number, row = block[cells.index(None)]
                names = [name for name, _ in _inner(row) if name.startswith(f"{column.name}.")]
                hint = f"name a value in it, such as {names[0]}, or " if names else ""
                raise DataError(
                    f"{path}, line {number}: {column.name} is a list or an object where a text or "
                    f"a number is needed; {hint}{FLAT}"
                )
            if not isinstance(column, WhereColumn):
                _refuse_booleans(path, column.name, block)
            chunks[column.name].append(pa.array(cells, pa.string()))
    arrays: dict[str, ColumnArray] = {}
    for column in columns:
        with naming_file(path):
            array = column.array(pa.chunked_array(chunks[column.name], pa.string()))
        if array is None:
            raise _first_fault(path, columns)
        arrays[column.name] = array
    return arrays


def _refuse_booleans(path: Path, name: str, block: Sequence[tuple[int, dict[str, Any]]]) -> None:
    for number, row in block:
        value = _value(row, name)
        if isinstance(value, bool):
            raise DataError(
                f"{path}, line {number}: {name} is {json.dumps(value)}, a truth value; save it "
                "as text or numbers"
            )


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects and the numbers of their lines; numbers are given as text."""
    with open_lines(path, _LAYOUT) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = _DECODER.decode(line)
                line.encode()
                if "\\u" in line:  # half of a pair of surrogates cannot be kept
                    json.dumps(row, ensure_ascii=False).encode()
            except (ValueError, RecursionError) as error:
                place = f" from character {error.pos + 1}" if isinstance(error, JSONError) else ""
                raise DataError(
                    f"{path}, line {number}: not a JSON object on one line{place}; {FLAT}"
                ) from error
            if isinstance(row, _Repeated):
                raise DataError(
                    f"{path}, line {number}: the key '{shorten(row.key, 40)}' occurs more than "
                    "once; remove one"
                )
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: not a JSON object; {FLAT}")
            yield number, row


class _Repeated(dict[str, Any]):
    """An object that has a key more than once."""

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _Repeated(found)
    repeated.key = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return repeated


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str
)


def _cell(value: object) -> str | None:
    """A value as text, "" for null, None if it has no text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def _first_fault(path: Path, columns: Sequence[Column]) -> DataError:
    for number, row in _objects(path):
        for column in columns:
            text = _cell(_value(row, column.name)) or ""
            fault = column.fault(text)
            if fault is not None:
                shown = shorten(text, 40)
                return DataError(f"{path}, line {number}: {column.name} '{shown}' is {fault}")
    return DataError(f"{path} cannot be read as JSON lines")
