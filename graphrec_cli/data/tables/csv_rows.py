"""The rows of delimited text, line by line: its header line, and its first rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice
from pathlib import Path
from typing import TypeAlias

from graphrec_cli.data.tables.columns import Column
from graphrec_cli.data.tables.layout import Layout, is_blank, open_lines
from graphrec_cli.data.tables.quotes import quote_hint
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

Rows: TypeAlias = Iterator[list[str]]
MAX_COLUMNS = 10_000
"""Fields of a header line: a table of interactions has far fewer."""
_FAULTS = {
    "expected after": "text follows the closing quote of a field",
    "unexpected end": "the file ends before a closing quote",
    "field larger": f"a field of more than {csv.field_size_limit():,} characters",
}
"""In our words, by the part of the csv module's message that tells them."""


def read_head(
    path: Path, layout: Layout, rows: int = 1, columns: Sequence[Column] = ()
) -> tuple[list[str], list[list[str]]]:
    """Names of all columns, and the first rows below them, fewer if there are no more.

    Raises:
        DataError: the file is damaged, empty or not valid in the layout's encoding, or lacks one of
            ``columns``.
    """
    with open_lines(path, layout) as lines:
        found = rows_of(path, layout, lines)
        names = column_names(path, layout, found, columns)
        return names, list(islice((row for row in found if not is_blank(row)), rows))


def rows_of(path: Path, layout: Layout, lines: Iterator[str]) -> Rows:
    """The rows of text, line by line.

    Raises:
        DataError: a line cannot be parsed, such as one of a megabyte; the error gives its number.
    """
    rows = csv.reader(lines, **layout.dialect)
    try:
        for row in rows:
            yield layout.as_written(row)
    except csv.Error as error:
        raise unreadable(path, layout, rows.line_num, error) from error


def unreadable(
    path: Path, layout: Layout, line: int, error: csv.Error, lines: Sequence[str] = ()
) -> DataError:
    """The error for a line that the csv module refuses, in most cases for its quotes.

    Args:
        path: the file.
        layout: of the file.
        line: the line's number.
        error: what the module says.
        lines: those of the row, as far as they are known.
    """
    if "new-line character" in str(error):
        return DataError(f"{path}, line {line}: a CR that is not followed by LF; remove it")
    known = (words for sign, words in _FAULTS.items() if sign in str(error))
    fault = next(known, "its quotes do not match")
    return DataError(f"{path}, line {line}: {fault}{quote_hint(lines) if layout.quoted else ''}")


def column_names(path: Path, layout: Layout, rows: Rows, columns: Sequence[Column]) -> list[str]:
    """Names of all columns: the layout's own, or those of the header line, which is consumed.

    Of equal names each gets its number, as in ``time (1)`` and ``time (2)``.
    """
    if layout.names is not None:
        return list(layout.names)
    wanted = [column.name for column in columns]
    if layout.comment:
        rows = dropwhile(is_blank, rows)
    first = next(rows, [])
    if is_blank(first) and any(not is_blank(row) for row in rows):
        raise DataError(
            f"the first line of {path} is empty; remove the lines above the header line"
        )
    if is_blank(first):
        what = f" with {', '.join(wanted)}" if wanted else ""
        raise DataError(f"{path} is empty; it needs a header line{what}")
    header = _numbered([name.strip() for name in first])
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; its header line has "
            f"{shorten(', '.join(header), 200)}"
        )
    if len(header) > MAX_COLUMNS:
        have = f"has {len(header):,} fields in its header line"
        raise DataError(f"{path} {have}, more than the {MAX_COLUMNS:,} allowed")
    return header


def _numbered(names: list[str]) -> list[str]:
    """The names, those that are repeated with their numbers."""
    times = Counter(names)
    if len(times) == len(names):
        return names
    numbers: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbers[name] += 1
        numbered.append(f"{name} ({numbers[name]})" if times[name] > 1 else name)
    return numbered
