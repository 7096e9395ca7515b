"""Tell the encoding of text: UTF-16 from its first bytes, UTF-8 or latin-1 from all of them."""

from __future__ import annotations

import codecs
from pathlib import Path

from graphrec_cli.data.files.files import open_unpacked
from graphrec_cli.errors import DataError

UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")
"""Encodings of two bytes a character; the first has a byte-order mark."""
CHUNK_BYTES = 2**20


def encoding_of(path: Path, head: bytes, configured: str) -> str:
    """The encoding of a file: UTF-16 if it has the mark of it, else as configured.

    Args:
        path: the file, for messages.
        head: its first bytes.
        configured: what the layout says; ``utf-16`` without a mark is told from ``head``.

    Raises:
        DataError: without a mark, the bytes look like UTF-16 and another encoding is configured, or
            the other way round.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    name = codecs.lookup(configured).name
    found = _unmarked_utf_16(head)
    if found is not None and name not in ("utf-16", found):
        raise DataError(
            f"{path} looks like {found.upper()} without a byte-order mark; save the file as UTF-8, "
            f"or, for your own table of delimited text, set dataset.encoding={found} (of titles "
            f"dataset.items_encoding={found})"
        )
    if name in UTF_16 and head and b"\0" not in head:
        raise DataError(
            f"{path} does not look like {name.upper()}; set another dataset.encoding, such as "
            "utf-8 (of titles dataset.items_encoding)"
        )
    if name == "utf-16":
        return found or "utf-16-le"
    return name if name in UTF_16 else configured


def _unmarked_utf_16(head: bytes) -> str | None:
    """The encoding in which the zero bytes are the upper halves of ASCII characters."""
    upper_first, upper_last = head[::2].count(0), head[1::2].count(0)
    zeros = max(upper_first, upper_last)
    if zeros < 2 or 8 * zeros < len(head) or zeros < 4 * min(upper_first, upper_last):
        return None
    return "utf-16-be" if upper_first > upper_last else "utf-16-le"


def utf_8_or(path: Path, encoding: str) -> str:
    """UTF-8 if all of a file is valid in it and some of it is not ASCII, else ``encoding``.

    Raises:
        DataError: the file cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        with open_unpacked(path) as stream:
            while chunk := stream.read(CHUNK_BYTES) or b"":
                is_ascii = is_ascii and chunk.isascii()
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return encoding
    return encoding if is_ascii else "utf-8-sig"
