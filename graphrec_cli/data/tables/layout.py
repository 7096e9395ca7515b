"""The layout of delimited text, and its text for a parser."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from graphrec_cli.data.files.files import UnpackedStream, open_unpacked
from graphrec_cli.errors import DataError

CHUNK_BYTES = 2**20
"""Of the file."""
MAX_CHUNK_BYTES = 3 * CHUNK_BYTES + 4
"""In UTF-8: a byte of the file becomes at most three."""
UNIT_SEPARATOR = "\x1f"
"""Replaces a separator of two bytes, because parsers accept only one."""


class Dialect(TypedDict):
    """The options of ``csv.reader``."""

    delimiter: str
    quoting: Literal[0, 3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a delimited file.

    Attributes:
        separator: between the fields; ASCII, of one or two equal characters.
        encoding: of the text.
        names: of all columns, in order; None if the first line names them.
        quoted: whether double quotes may surround a field.
    """

    separator: str = ","
    encoding: str = "utf-8-sig"
    names: tuple[str, ...] | None = None
    quoted: bool = True

    @property
    def delimiter(self) -> str:
        """The one character between the fields of the text that ``open_text`` gives."""
        return self.separator if len(self.separator) == 1 else UNIT_SEPARATOR

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

    Raises:
        DataError: the file cannot be opened or read.
        ValueError: on reading, if a byte is NUL or not valid in the layout's encoding.
    """
    with open_unpacked(path) as stream:
        yield _utf8_chunks(stream, layout)


def _utf8_chunks(stream: UnpackedStream, layout: Layout) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(layout.encoding)()
    held = ""
    while chunk := stream.read(CHUNK_BYTES):
        if b"\0" in chunk:
            raise ValueError("a NUL byte")
        text = (held + decoder.decode(chunk)).replace(layout.separator, layout.delimiter)
        # A chunk may end in half a separator.
        half = len(layout.separator) == 2 and text.endswith(layout.separator[0])
        cut = len(text) - half
        held = text[cut:]
        yield text[:cut].encode()
    yield (held + decoder.decode(b"", final=True)).encode()


@contextmanager
def open_lines(path: Path, layout: Layout) -> Iterator[Iterator[str]]:
    """The same text line by line: slow, but names the line that cannot be decoded.

    Raises:
        DataError: the file cannot be opened or read; on reading, if a line has a NUL byte or is
            not valid in the layout's encoding.
    """
    with open_unpacked(path) as stream:
        yield _decoded_lines(path, layout, io.BufferedReader(stream))


def _decoded_lines(path: Path, layout: Layout, lines: io.BufferedReader) -> Iterator[str]:
    # Only the first line may begin with a byte-order mark.
    encoding = layout.encoding.removesuffix("-sig")
    delimiter = layout.delimiter
    for number, line in enumerate(lines, start=1):
        if b"\0" in line:
            raise DataError(f"{path}, line {number}: a NUL byte; the file is damaged")
        try:
            text = line.decode(layout.encoding if number == 1 else encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            raise DataError(
                f"{path}, line {number}: byte 0x{byte:02x} is not valid {encoding.upper()}; save "
                "the file in it (for your own table, or set dataset.encoding)"
            ) from error
        yield text.replace(layout.separator, delimiter)
