"""Unpack xz and bzip2 files of several streams; bytes behind a stream never end a file silently."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable
from typing import BinaryIO

CHUNK_BYTES = 2**16
"""Of the packed file."""
XZ_START = b"\xfd7zXZ\x00"
BZ2_START = b"BZh"
XZ_PADDING = 4
"""Zero bytes behind an xz stream come in multiples of this number."""


class StreamReader:
    """Reads the unpacked bytes of streams, one behind the other.

    The readers of the standard library take bytes behind a stream that do not begin another one
    for the end of the file, so that damage there would cost all further rows without an error.
    """

    def __init__(
        self,
        file: BinaryIO,
        start: bytes,
        new_stream: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor],
        padding: int = 0,
    ) -> None:
        """Make a reader.

        Args:
            file: the packed bytes.
            start: how every stream but the first must begin.
            new_stream: makes a decompressor of one stream.
            padding: zero bytes behind a stream come in multiples of it; 0 if there may be none.
        """
        self._file = file
        self._start = start
        self._new_stream = new_stream
        self._padding = padding
        self._stream = new_stream()
        self._packed = b""

    def read(self, size: int) -> bytes:
        """At most ``size`` further bytes, empty at the end.

        Raises:
            EOFError: the last stream is truncated.
            OSError, lzma.LZMAError: a stream is damaged, or something else is behind it.
        """
        while True:
            if self._stream.eof and not self._begin_next():
                return b""
            if self._stream.needs_input:
                packed = self._packed or self._file.read(CHUNK_BYTES)
                self._packed = b""
                if not packed:
                    raise EOFError
            else:
                packed = b""
            unpacked = self._stream.decompress(packed, size)
            if unpacked:
                return unpacked

    def _begin_next(self) -> bool:
        """Begin the next stream; False at the end of the file."""
        rest = self._stream.unused_data or self._file.read(CHUNK_BYTES)
        zeros = 0
        while self._padding and rest[:1] == b"\0":
            bare = rest.lstrip(b"\0")
            zeros += len(rest) - len(bare)
            rest = bare or self._file.read(CHUNK_BYTES)
        if len(rest) < len(self._start):
            rest += self._file.read(CHUNK_BYTES)
        whole_padding = not zeros or zeros % self._padding == 0
        if not whole_padding or (rest and not rest.startswith(self._start)):
            raise OSError("the bytes behind the end of a stream are not another stream")
        if not rest:
            return False
        self._stream = self._new_stream()
        self._packed = rest
        return True


def open_xz(file: BinaryIO) -> StreamReader:
    """A reader of an xz file."""
    return StreamReader(file, XZ_START, lzma.LZMADecompressor, XZ_PADDING)


def open_bz2(file: BinaryIO) -> StreamReader:
    """A reader of a bzip2 file."""
    return StreamReader(file, BZ2_START, bz2.BZ2Decompressor)
