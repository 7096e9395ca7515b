"""Read records of one line each, and collect bad lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.data.tables.cells import distinct_texts
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.data.tables.read_csv import parse_rows
from graphrec_cli.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_HEADER_BYTES = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecords:
    """The content of a file of records.

    Attributes:
        path: the file.
        columns: text by name, each an array of str objects of shape (rows,), in the file's order.
        line: numbers of the rows' lines, from 1, shape (rows,).
        lines: all lines of the file, without their ends.
        bad: lines that are not a record with the number of fields of the header.
    """

    path: Path
    columns: dict[str, NDArray[np.object_]]
    line: NDArray[np.int64]
    lines: list[str]
    bad: list[BadLine]

    def bad_line(self, number: int, reason: str) -> BadLine:
        """Describe a skipped line."""
        return BadLine(self.path.name, number, reason, self.lines[number - 1])


def read_line_records(path: Path, wanted: Sequence[str], layout: Layout) -> LineRecords:
    """Read columns by their names in the header line, in any order.

    A record is one line, ended by LF or CRLF. In a quoted field ``\\"`` and ``""`` stand for a
    quote, and the separator for itself. Blank lines are skipped.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip.
        wanted: names of the columns.
        layout: separator of one character, and an encoding in which every byte is valid.

    Raises:
        DataError: the file is damaged or empty, or its header lacks a column.
    """
    with open_unpacked(path) as stream:
        content = (stream.readall() or b"").removeprefix(BYTE_ORDER_MARK)
    if not content:
        raise DataError(f"{path} is empty; it needs a header line")
    lines = [line.removesuffix("\r") for line in content.decode(layout.encoding).split("\n")]
    header = _header(path, lines[0], wanted, layout)
    places = [header.index(name) for name in wanted]
    simple = _simple_record(layout.separator, len(header))
    numbers: list[int] = []
    others: list[int] = []
    for number, line in enumerate(lines[1:], start=2):
        (numbers if simple.fullmatch(line) else others).append(number)
    text = "\n".join(lines[number - 1] for number in numbers).encode()
    table = parse_rows([text], replace(layout, names=()), len(header), places)
    rows: list[list[str]] = []
    bad: list[BadLine] = []
    for number in others:
        line = lines[number - 1]
        row = _fields(line, layout)
        if row is not None and len(row) == len(header):
            rows.append(row)
            numbers.append(number)
        elif line.strip(" \t\r"):
            unreadable = "a NUL byte" if "\0" in line else "its quotes do not match"
            reason = unreadable if row is None else f"not {len(header)} fields"
            bad.append(BadLine(path.name, number, reason, line))
    order = np.argsort(numbers, kind="stable")
    columns: dict[str, NDArray[np.object_]] = {}
    for name, place in zip(wanted, places, strict=True):
        distinct, code = distinct_texts(table[str(place)])
        other = np.array([row[place] for row in rows], dtype=object)
        columns[name] = np.concatenate([distinct[code], other])[order]
    line_numbers = np.array(numbers, dtype=np.int64)[order]
    return LineRecords(path=path, columns=columns, line=line_numbers, lines=lines, bad=bad)


def check_header(path: Path, wanted: Sequence[str], layout: Layout) -> None:
    """Refuse a file whose header line lacks a column, without reading all of it.

    Raises:
        DataError: as ``read_line_records``.
    """
    with open_unpacked(path) as stream:
        line = io.BufferedReader(stream).readline(MAX_HEADER_BYTES)
    if not line:
        raise DataError(f"{path} is empty; it needs a header line")
    text = line.removeprefix(BYTE_ORDER_MARK).decode(layout.encoding)
    _header(path, text.removesuffix("\n").removesuffix("\r"), wanted, layout)


def _header(path: Path, line: str, wanted: Sequence[str], layout: Layout) -> list[str]:
    header = _fields(line, layout) or []
    missing = [name for name in wanted if header.count(name) != 1]
    if missing:
        found = ", ".join(header)[:200] or "no readable names"
        raise DataError(f"{path} must have one column {', '.join(missing)}; its header has {found}")
    return header


def _simple_record(separator: str, num_fields: int) -> re.Pattern[str]:
    """Lines ``"a";"b"`` or ``a;b`` with no quote, backslash or control inside a field."""
    separator = re.escape(separator)
    quoted, plain = r'"[^"\\\0\r]*"', rf'[^"\\\0\r{separator}]*'
    more = num_fields - 1
    return re.compile(
        f"{quoted}(?:{separator}{quoted}){{{more}}}|{plain}(?:{separator}{plain}){{{more}}}"
    )


def _fields(line: str, layout: Layout) -> list[str] | None:
    """The fields of one line, None if its quotes do not match or it holds a NUL byte."""
    if "\0" in line:
        return None
    doubled = re.sub(r'\\(["\\])', lambda found: '""' if found[1] == '"' else "\\", line)
    try:
        return next(csv.reader([doubled], strict=True, **layout.dialect), [])
    except csv.Error:
        return None
