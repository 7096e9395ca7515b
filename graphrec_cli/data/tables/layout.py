"""How the lines of a text file are parted into fields, and its text, ready for a C parser."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

from graphrec_cli.data.files.files import UnpackedStream, open_unpacked
from graphrec_cli.errors import DataError

UNIT_SEPARATOR = "\x1f"
"""Stands for a separator of several bytes: C parsers take separators of one."""


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
        names: of all columns, in order; None where the first line names them.
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
    def quoting(self) -> Literal[0, 3]:
        """The csv module's and pandas' word for ``quoted``."""
        return csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE

    @property
    def dialect(self) -> Dialect:
        """What ``csv.reader`` takes."""
        return {"delimiter": self.delimiter, "quoting": self.quoting}


CSV = Layout()
"""Commas, double quotes, UTF-8 with or without a byte-order mark, a header line."""


class _SingleSeparator(io.RawIOBase):
    """The bytes of a stream with every separator of two equal characters made into one."""

    def __init__(self, stream: UnpackedStream, separator: str) -> None:
        super().__init__()
        self._stream = stream
        self._separator = separator.encode()
        self._held = b""

    def readable(self) -> bool:
        """Always true: the stream is there to be read."""
        return True

    # The standard library has no name for a writable buffer before Python 3.12.
    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer`` with the next bytes and return their number, 0 at the end."""
        view = memoryview(buffer)
        while True:
            chunk = self._stream.read(max(1, len(view) - len(self._held))) or b""
            text = (self._held + chunk).replace(self._separator, UNIT_SEPARATOR.encode())
            # Half a separator may end the chunk; its other half would begin the next.
            cut = len(text) - (bool(chunk) and text.endswith(self._separator[:1]))
            text, self._held = text[:cut], text[cut:]
            if text or not chunk:
                view[: len(text)] = text
                return len(text)


def is_blank(row: list[str]) -> bool:
    """Whether pandas passes over the row's line: it holds spaces and tabs at most."""
    return not row or (len(row) == 1 and row[0] != "" and not row[0].strip(" \t"))


@contextmanager
def open_text(path: Path, layout: Layout) -> Iterator[tuple[io.TextIOWrapper, UnpackedStream]]:
    """The text of a file, its fields parted by ``layout.delimiter``, and the stream below it.

    Raises:
        DataError: the file cannot be opened or read.
        ValueError: on reading, where a byte is not of the layout's encoding.
    """
    with open_unpacked(path) as stream:
        single = len(layout.separator) == 1
        raw = stream if single else _SingleSeparator(stream, layout.separator)
        buffered = io.BufferedReader(raw)
        yield io.TextIOWrapper(buffered, encoding=layout.encoding, newline=""), stream


@contextmanager
def open_lines(path: Path, layout: Layout) -> Iterator[Iterator[str]]:
    """The same text line by line; slow, and exact about the line that cannot be decoded.

    Raises:
        DataError: the file cannot be opened or read; on reading, where a line holds a NUL byte or
            is not of the layout's encoding.
    """
    with open_unpacked(path) as stream:
        yield _decoded_lines(path, layout, io.BufferedReader(stream))


def _decoded_lines(path: Path, layout: Layout, lines: io.BufferedReader) -> Iterator[str]:
    # Only the first line may begin with a byte-order mark.
    encoding = layout.encoding.removesuffix("-sig")
    for number, line in enumerate(lines, start=1):
        if b"\0" in line:
            raise DataError(f"{path}, line {number}: a NUL byte; the file is damaged")
        try:
            text = line.decode(layout.encoding if number == 1 else encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            raise DataError(
                f"{path}, line {number}: byte 0x{byte:02x} is not {encoding.upper()}; save "
                "the file so (of a table of your own, dataset.encoding names another)"
            ) from error
        yield text.replace(layout.separator, layout.delimiter)
