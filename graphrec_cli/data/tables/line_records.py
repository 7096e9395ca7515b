"""Records of one line each, of which some may be bad: the sound ones at a C parser's speed."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.data.tables.cells import Cells
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.data.tables.read_csv import parse_rows
from graphrec_cli.errors import DataError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
QUOTE, BACKSLASH, NUL, LINE_FEED, CARRIAGE_RETURN = 34, 92, 0, 10, 13


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecords:
    """What a file of records holds.

    Attributes:
        columns: text by name, each an array of str objects of shape (rows,), in the file's order.
        line: numbers of the rows' lines, from 1, shape (rows,).
        lines: all lines of the file.
        bad: lines that are no record of as many fields as the header has.
    """

    columns: dict[str, NDArray[np.object_]]
    line: NDArray[np.int64]
    lines: Lines
    bad: tuple[BadLine, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file's bytes, without their ends.

    Attributes:
        path: the file.
        layout: of its text.
        content: the bytes.
        start, end: where each line begins and ends, shape (lines,).
    """

    path: Path
    layout: Layout
    content: bytes
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    @classmethod
    def read(cls, path: Path, layout: Layout) -> Lines:
        """All lines of a plain or packed file, ended by LF or CRLF.

        Raises:
            DataError: the file cannot be read, or is empty.
        """
        with open_unpacked(path) as stream:
            content = (stream.readall() or b"").removeprefix(BYTE_ORDER_MARK)
        if not content:
            raise DataError(f"{path} is empty; a header line is wanted")
        data = np.frombuffer(content, dtype=np.uint8)
        end = np.flatnonzero(data == LINE_FEED)
        start = np.concatenate([np.zeros(1, np.int64), end + 1])
        end = np.concatenate([end, [len(data)]])
        has_return = (end > start) & (data[end.clip(min=1) - 1] == CARRIAGE_RETURN)
        return cls(path, layout, content, start, end - has_return)

    def text(self, number: int) -> str:
        """A line by its number, from 1."""
        line = self.content[self.start[number - 1] : self.end[number - 1]]
        return line.decode(self.layout.encoding)

    def bad(self, number: int, reason: str) -> BadLine:
        """The account of a line that is left out."""
        return BadLine(self.path.name, number, reason, self.text(number))


def read_line_records(path: Path, wanted: Sequence[str], layout: Layout) -> LineRecords:
    """Read columns by their names in the header line, whatever their order.

    A record is one line. In a quoted field ``\\"`` and ``""`` stand for a quote, and the separator
    for itself. Blank lines are passed over.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip.
        wanted: names of the columns.
        layout: separator of one character, and an encoding that knows every byte.

    Raises:
        DataError: the file is damaged or empty, or its header lacks a column.
    """
    lines = Lines.read(path, layout)
    header = _fields(lines.text(1), layout) or []
    missing = [name for name in wanted if header.count(name) != 1]
    if missing:
        found = ", ".join(header)[:200] or "nothing that can be read"
        raise DataError(f"{path} must have one column {', '.join(missing)}; its header has {found}")
    simple = _is_simple(lines, len(header))
    simple[0] = False
    odd = ~simple & (lines.end > lines.start)
    odd[0] = False

    places = [header.index(name) for name in wanted]
    line = [np.flatnonzero(simple) + 1]
    texts = {
        name: [column]
        for name, column in zip(
            wanted, _parse_simple(lines, simple, len(header), places), strict=True
        )
    }
    odd_lines, odd_rows, bad = _parse_odd(lines, odd, len(header))
    line.append(np.array(odd_lines, dtype=np.int64))
    for name in wanted:
        place = header.index(name)
        texts[name].append(np.array([row[place] for row in odd_rows], dtype=object))
    order = np.argsort(np.concatenate(line), kind="stable")
    return LineRecords(
        columns={name: np.concatenate(parts)[order] for name, parts in texts.items()},
        line=np.concatenate(line)[order],
        lines=lines,
        bad=tuple(bad),
    )


def _is_simple(lines: Lines, num_fields: int) -> NDArray[np.bool_]:
    """Whether a line is ``"a";"b"`` or ``a;b`` with no quote, backslash or control in between."""
    data = np.frombuffer(lines.content, dtype=np.uint8)

    def count(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        first = np.searchsorted(places, lines.start)
        return first, np.searchsorted(places, lines.end) - first

    separator = ord(lines.layout.separator)
    special = np.flatnonzero((data == BACKSLASH) | (data == NUL) | (data == CARRIAGE_RETURN))
    plain = count(special)[1] == 0
    quotes = np.flatnonzero(data == QUOTE)
    first_quote, num_quotes = count(quotes)
    num_separators = count(np.flatnonzero(data == separator))[1]
    simple = np.asarray(plain & (num_quotes == 0) & (num_separators == num_fields - 1))

    quoted = np.flatnonzero(plain & (num_quotes == 2 * num_fields))
    if len(quoted):
        quote = quotes[first_quote[quoted][:, None] + np.arange(2 * num_fields)]
        closing, opening = quote[:, 1:-1:2], quote[:, 2::2]
        sound = (quote[:, 0] == lines.start[quoted]) & (quote[:, -1] == lines.end[quoted] - 1)
        sound &= ((opening == closing + 2) & (data[closing + 1] == separator)).all(axis=1)
        simple[quoted] = sound
    return simple


def _parse_simple(
    lines: Lines, simple: NDArray[np.bool_], num_fields: int, places: Sequence[int]
) -> list[NDArray[np.object_]]:
    """Some fields of the simple lines as they are written; equal ones share one object."""
    data = np.frombuffer(lines.content, dtype=np.uint8)
    lengths = np.diff(lines.start, append=len(data))
    chosen = data[np.repeat(simple, lengths)].tobytes().decode(lines.layout.encoding).encode()
    headless = replace(lines.layout, names=())
    table = parse_rows([chosen], headless, num_fields, places)
    cells = [Cells.of(table[str(place)]) for place in places]
    return [cell.texts()[cell.code] for cell in cells]


def _parse_odd(
    lines: Lines, odd: NDArray[np.bool_], num_fields: int
) -> tuple[list[int], list[list[str]], list[BadLine]]:
    """Line numbers and fields of the other lines, read one by one, and the bad ones among them."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    bad: list[BadLine] = []
    for number in (np.flatnonzero(odd) + 1).tolist():
        text = lines.text(number)
        row = _fields(text, lines.layout)
        if not text.strip(" \t\r"):
            continue
        if row is None:
            reason = "a NUL byte" if "\0" in text else "its quotes do not match"
            bad.append(lines.bad(number, reason))
        elif len(row) != num_fields:
            bad.append(lines.bad(number, f"not {num_fields} fields"))
        else:
            numbers.append(number)
            rows.append(row)
    return numbers, rows, bad


def _fields(text: str, layout: Layout) -> list[str] | None:
    """The fields of one line, None if it cannot be parted."""
    if "\0" in text:
        return None
    doubled = re.sub(r'\\(["\\])', lambda found: '""' if found[1] == '"' else "\\", text)
    try:
        return next(csv.reader([doubled], strict=True, **layout.dialect), [])
    except csv.Error:
        return None
