"""Find double quotes that may be part of the text instead of surrounding a field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from graphrec_cli.data.tables.columns import Column
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.text_ids import TextIdColumn

_ESCAPED = "; write a quote within quotes twice, as csv does, instead of with a backslash"
_HINT = "; for your own table, set dataset.quoted=false if quotes are part of the text"
MAX_HELD_BYTES = 2**24
"""Of a line, which is searched as a whole."""


def quote_hint(lines: Sequence[str]) -> str:
    """What to do about lines whose quotes are not those of csv."""
    return _ESCAPED if any('\\"' in line for line in lines) else _HINT


class QuoteScan:
    """Looks at text on its way to a parser that is lenient about quotes.

    Attributes:
        suspicious: whether a field that begins with a quote does not end with one on its line: it
            may span lines, or its quotes may be part of the text.
    """

    def __init__(self, layout: Layout) -> None:
        """Make a scan of text in a layout with quotes."""
        separator = re.escape(layout.delimiter).encode()
        # A quote at the beginning of a field, unless the field is well-formed up to its end.
        self._fault = re.compile(
            rb'(?<![^%s\n\r])"(?![^"\n\r]*+(?:""[^"\n\r]*+)*+"[%s\r\n])' % (separator, separator)
        )
        self.suspicious = False

    def passed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, unchanged; afterwards ``suspicious`` holds for all of them."""
        held = b""
        for chunk in chunks:
            lines, newline, rest = chunk.rpartition(b"\n")
            self._search(held + lines + newline if newline else b"")
            held = rest if newline else held + rest
            self.suspicious = self.suspicious or len(held) > MAX_HELD_BYTES
            yield chunk
        self._search(held + b"\n")

    def _search(self, lines: bytes) -> None:
        if not self.suspicious and b'"' in lines:
            self.suspicious = self._fault.search(lines) is not None


def quote_fault(
    lines: Sequence[str], row: Sequence[str], places: Sequence[tuple[Column, int]], layout: Layout
) -> str | None:
    """Why quotes that span lines cannot be believed, None if they can.

    Args:
        lines: the lines that were read as one row.
        row: its fields.
        places: the columns that are read, and their positions in a row.
        layout: how the lines are written.
    """
    if len(lines) < 2:
        return None
    for column, place in places:
        if isinstance(column, TextIdColumn) and "\n" in row[place]:
            return f"{column.name} has a line break between quotes"
    if all(_looks_like_a_row(line, len(row), places, layout) for line in lines):
        return f"its quotes join {len(lines):,} lines, each of which looks like a row"
    return None


def _looks_like_a_row(
    line: str, num_fields: int, places: Sequence[tuple[Column, int]], layout: Layout
) -> bool:
    fields = line.rstrip("\r\n").split(layout.delimiter)
    if len(fields) != num_fields:
        return False
    return all(column.fault(fields[place].strip('"')) is None for column, place in places)
