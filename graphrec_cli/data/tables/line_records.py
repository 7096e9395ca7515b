"""Records of one line each, of which some may be bad: every sound one, and why others are not."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecords:
    """What a file of records holds.

    Attributes:
        path: the file.
        columns: text by name, each an array of str objects of shape (rows,), in the file's order.
        line: numbers of the rows' lines, from 1, shape (rows,).
        lines: all lines of the file, without their ends.
        bad: lines that are no record of as many fields as the header has.
    """

    path: Path
    columns: dict[str, NDArray[np.object_]]
    line: NDArray[np.int64]
    lines: list[str]
    bad: list[BadLine]

    def bad_line(self, number: int, reason: str) -> BadLine:
        """The account of a line that is left out."""
        return BadLine(self.path.name, number, reason, self.lines[number - 1])


def read_line_records(path: Path, wanted: Sequence[str], layout: Layout) -> LineRecords:
    """Read columns by their names in the header line, whatever their order.

    A record is one line, ended by LF or CRLF. In a quoted field ``\\"`` and ``""`` stand for a
    quote, and the separator for itself. Blank lines are passed over.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip.
        wanted: names of the columns.
        layout: separator of one character, and an encoding that knows every byte.

    Raises:
        DataError: the file is damaged or empty, or its header lacks a column.
    """
    with open_unpacked(path) as stream:
        content = (stream.readall() or b"").removeprefix(BYTE_ORDER_MARK)
    if not content:
        raise DataError(f"{path} is empty; a header line is wanted")
    lines = [line.removesuffix("\r") for line in content.decode(layout.encoding).split("\n")]
    header = _fields(lines[0], layout) or []
    missing = [name for name in wanted if header.count(name) != 1]
    if missing:
        found = ", ".join(header)[:200] or "nothing that can be read"
        raise DataError(f"{path} must have one column {', '.join(missing)}; its header has {found}")
    places = [header.index(name) for name in wanted]
    rows: list[list[str]] = []
    numbers: list[int] = []
    bad: list[tuple[int, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        row = _simple_fields(line, layout, len(header)) or _fields(line, layout)
        if row is not None and len(row) == len(header):
            rows.append([row[place] for place in places])
            numbers.append(number)
        elif line.strip(" \t\r"):
            unreadable = "a NUL byte" if "\0" in line else "its quotes do not match"
            bad.append((number, unreadable if row is None else f"not {len(header)} fields"))
    records = LineRecords(
        path=path,
        columns={
            name: np.array([row[place] for row in rows], dtype=object)
            for place, name in enumerate(wanted)
        },
        line=np.array(numbers, dtype=np.int64),
        lines=lines,
        bad=[],
    )
    records.bad.extend(records.bad_line(number, reason) for number, reason in bad)
    return records


def _simple_fields(line: str, layout: Layout, num_fields: int) -> list[str] | None:
    """The fields of ``"a";"b"`` where no quote or backslash is inside a field, else None."""
    if line.count('"') != 2 * num_fields or "\\" in line or "\0" in line:
        return None
    fields = line[1:-1].split(f'"{layout.separator}"')
    return fields if len(fields) == num_fields and line[0] == line[-1] == '"' else None


def _fields(line: str, layout: Layout) -> list[str] | None:
    """The fields of one line, None if its quotes do not match or it holds a NUL byte."""
    if "\0" in line:
        return None
    doubled = re.sub(r'\\(["\\])', lambda found: '""' if found[1] == '"' else "\\", line)
    try:
        return next(csv.reader([doubled], strict=True, **layout.dialect), [])
    except csv.Error:
        return None
