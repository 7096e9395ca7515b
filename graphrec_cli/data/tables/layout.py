"""The layout of delimited text, and its text for a parser."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, TypedDict

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.data.files.packing import HEAD_BYTES, other_kind
from graphrec_cli.data.tables.encodings import UTF_16, encoding_of
from graphrec_cli.errors import DataError

CHUNK_BYTES = 2**20
"""Of the file."""
MAX_CHUNK_BYTES = 3 * CHUNK_BYTES + 4
"""In UTF-8: a byte of the file becomes at most three."""
UNIT_SEPARATOR = "\x1f"
"""Replaces a separator of two bytes, because parsers accept only one."""
BLANKS = " \t"
"""The separator that stands for any run of spaces and tabs."""
MAX_LINE_BYTES = 2**24
"""Of a line in a file with comments or separators of several bytes, which is rewritten."""


class Dialect(TypedDict):
    """The options of ``csv.reader``."""

    delimiter: str
    quoting: Literal[0, 3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a delimited file.

    Attributes:
        separator: between the fields; ASCII, of one or two equal characters, or ``BLANKS``.
        encoding: of the text.
        names: of all columns, in order; None if the first line names them.
        quoted: whether double quotes may surround a field; never in a file with ``BLANKS``.
        comment: how lines begin that are skipped; empty if none are.
    """

    separator: str = ","
    encoding: str = "utf-8-sig"
    names: tuple[str, ...] | None = None
    quoted: bool = True
    comment: str = ""

    @property
    def delimiter(self) -> str:
        """The one character between the fields of the text that ``open_text`` gives."""
        return self.separator if len(self.separator) == 1 else UNIT_SEPARATOR

    @property
    def rewrites_separators(self) -> bool:
        """Whether ``open_text`` replaces separators also in quotes, where they are text."""
        return len(self.separator) > 1 and self.separator != BLANKS

    def as_written(self, row: list[str]) -> list[str]:
        """The fields of a row of that text as the file has them."""
        if not self.rewrites_separators:
            return row
        return [field.replace(UNIT_SEPARATOR, self.separator) for field in row]

    @property
    def dialect(self) -> Dialect:
        """What ``csv.reader`` takes."""
        return {
            "delimiter": self.delimiter,
            "quoting": csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
        }


CSV = Layout()
"""Commas, double quotes, UTF-8 with or without a byte-order mark, a header line."""


def is_blank(row: list[str]) -> bool:
    """Whether the row's line is skipped: it contains only spaces and tabs."""
    return not row or (len(row) == 1 and row[0] != "" and not row[0].strip(" \t"))


@contextmanager
def open_utf8(path: Path, layout: Layout) -> Iterator[Iterator[bytes]]:
    """The text of a file as UTF-8 in chunks, its fields separated by ``layout.delimiter``.

    Lines with comments are left out.

    Raises:
        DataError: the file cannot be opened or read, or is no text.
        ValueError: on reading, if a byte is NUL or not valid in the layout's encoding.
    """
    with _open_text(path, layout) as (stream, encoding):
        texts = _decoded_chunks(stream, encoding)
        as_written = layout.separator == layout.delimiter and not layout.comment
        yield (text.encode() for text in texts) if as_written else _rewritten(texts, layout)


@contextmanager
def _open_text(path: Path, layout: Layout) -> Iterator[tuple[io.BufferedReader, str]]:
    """The unpacked bytes of a file of text, and its encoding."""
    with open_unpacked(path) as unpacked:
        stream: io.BufferedReader = io.BufferedReader(unpacked, CHUNK_BYTES)
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        kind = other_kind(head)
        if kind is not None:
            raise DataError(f"{path} is no text but {kind}")
        encoding = encoding_of(path, head, layout.encoding)
        if encoding not in UTF_16 and b"\r" in head and b"\n" not in stream.peek():
            raise DataError(f"{path} ends its lines with CR alone; save it with LF or CRLF")
        yield stream, encoding


def _decoded_chunks(stream: io.BufferedReader, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := stream.read(CHUNK_BYTES):
        text = decoder.decode(chunk)
        if "\0" in text:
            raise ValueError("a NUL byte")
        yield text
    yield decoder.decode(b"", final=True)


def _rewritten(texts: Iterator[str], layout: Layout) -> Iterator[bytes]:
    """Whole lines without comments, their fields separated by the delimiter."""
    held = ""
    for piece in chain(texts, ["\n"]):
        lines, newline, held = (held + piece).rpartition("\n")
        if len(held) > MAX_LINE_BYTES:
            raise ValueError(f"a line of more than {MAX_LINE_BYTES:,} characters")
        if layout.comment:  # blank lines go too: the parser counts those above the header line
            comment = re.compile(rf"^(?:{re.escape(layout.comment)}.*|[ \t\r]*)\n", re.MULTILINE)
            lines, newline = comment.sub("", lines + newline), ""
        if layout.separator == BLANKS:
            lines = re.sub(r"^[ \t]+|[ \t]+(?=\r?$)", "", lines, flags=re.MULTILINE)
            lines = re.sub(r"[ \t]+", layout.delimiter, lines)
        else:
            lines = lines.replace(layout.separator, layout.delimiter)
        text = (lines + newline).encode()
        for start in range(0, len(text), MAX_CHUNK_BYTES):
            yield text[start : start + MAX_CHUNK_BYTES]


@contextmanager
def open_lines(path: Path, layout: Layout) -> Iterator[Iterator[str]]:
    """The same text line by line: slow, but names the line that cannot be decoded.

    A line with a comment is given as a blank one, so that the lines keep their numbers.

    Raises:
        DataError: the file cannot be opened or read, or is no text; on reading, if a line has a
            NUL byte or is not valid in the layout's encoding.
    """
    with _open_text(path, layout) as (stream, encoding):
        yield _decoded_lines(path, layout, stream, encoding)


def _decoded_lines(
    path: Path, layout: Layout, stream: io.BufferedReader, encoding: str
) -> Iterator[str]:
    texts: Iterator[str]
    if encoding in UTF_16:
        texts = _wide_lines(path, stream, encoding)
    else:
        texts = _narrow_lines(path, stream, encoding)
    for number, text in enumerate(texts, start=1):
        if "\0" in text:
            raise DataError(f"{path}, line {number}: a NUL byte; the file is damaged")
        if layout.comment and text.startswith(layout.comment):
            yield "\n"
        elif layout.separator == BLANKS:
            yield re.sub(r"[ \t]+", layout.delimiter, text.strip(" \t\r\n")) + "\n"
        else:
            yield text.replace(layout.separator, layout.delimiter)


def _narrow_lines(path: Path, stream: io.BufferedReader, encoding: str) -> Iterator[str]:
    """The lines of a file in which every line ends in the one byte of LF."""
    # Only the first line may begin with a byte-order mark.
    later = encoding.removesuffix("-sig")
    for number, line in enumerate(stream, start=1):
        if b"\0" in line:
            raise DataError(f"{path}, line {number}: a NUL byte; the file is damaged")
        try:
            yield line.decode(encoding if number == 1 else later)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            other = "cp1252" if later == "utf-8" else "utf-8"
            raise DataError(
                f"{path}, line {number}: byte 0x{byte:02x} is not valid {later.upper()}; save the "
                "file as UTF-8, or, for your own table, set its encoding, such as "
                f"dataset.encoding={other} (of titles dataset.items_encoding)"
            ) from error


def _wide_lines(path: Path, stream: io.BufferedReader, encoding: str) -> Iterator[str]:
    """The lines of a file in an encoding of two bytes a character."""
    try:
        yield from io.TextIOWrapper(stream, encoding, newline="\n")
    except UnicodeError as error:
        raise DataError(f"{path} is not valid {encoding.upper()}; save it as UTF-8") from error
