"""Tell how a file is packed, by its ending or its first bytes, and what other files are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from graphrec_cli.data.files.streams import open_bz2, open_xz

PACKINGS = ("", ".gz", ".zip", ".xz", ".bz2", ".zst")
"""Endings of packed files, in the order in which they are tried."""

HEAD_BYTES = 512
"""Enough of a file for every pattern below."""

_PACKED = {
    ".gz": rb"\x1f\x8b",
    ".zip": rb"PK\x03\x04",
    ".xz": rb"\xfd7zXZ\x00",
    ".bz2": rb"BZh[1-9](1AY&SY|\x17rE8P\x90)",
    ".zst": rb"\x28\xb5\x2f\xfd",
}
_OTHER_KINDS = {
    "parquet; give its name the ending .parquet": rb"PAR1",
    "a zip archive or an Excel workbook; give a zip the ending .zip, save a workbook as csv": (
        _PACKED[".zip"]
    ),
    "a gzip file inside another packed file; unpack it once": _PACKED[".gz"],
    "an xz file inside another packed file; unpack it once": _PACKED[".xz"],
    "a bzip2 file inside another packed file; unpack it once": _PACKED[".bz2"],
    "a zstd file inside another packed file; unpack it once": _PACKED[".zst"],
    "a tar archive; unpack it, and name the file that was in it": rb".{257}ustar",
    "a 7-Zip archive; unpack it": rb"7z\xbc\xaf\x27\x1c",
    "a RAR archive; unpack it": rb"Rar!\x1a\x07",
    "an LZ4 file; unpack it": rb"\x04\x22\x4d\x18",
    "an SQLite database; save the table as csv": rb"SQLite format 3\x00",
    "an HDF5 file; save the table as csv or parquet": rb"\x89HDF\r\n",
    "a Feather or Arrow file; save the table as parquet": rb"ARROW1|FEA1",
    "an ORC file; save the table as parquet": rb"ORC[^\n]*\x00",
    "an Avro file; save the table as parquet": rb"Obj\x01",
    "an old Excel workbook; save it as csv": rb"\xd0\xcf\x11\xe0",
    "a NumPy array; save it as csv": rb"\x93NUMPY",
    "a Python pickle, which could run code; save the table as csv": rb"\x80[\x02-\x05]",
    "a PDF document": rb"%PDF-",
    "an HTML page, perhaps saved in place of a download": rb"\s*<(!doctype html|html)",
}


def packing_of(path: Path) -> str:
    """The packing of a file on disk, one of ``PACKINGS``: by its ending, or else its first bytes.

    A zip is recognised by its ending alone, because documents of other programs are zips as well.

    Raises:
        OSError: the file cannot be read.
    """
    if path.suffix.lower() in PACKINGS[1:]:
        return path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = (ending for ending, start in _PACKED.items() if re.match(start, head))
    packing = next(found, "")
    return "" if packing == ".zip" else packing


def open_packed(path: Path, packing: str, stack: ExitStack) -> Callable[[int], bytes]:
    """Open a file that is no zip, to be closed by ``stack``; the result reads unpacked bytes.

    Raises:
        OSError: the file cannot be opened.
    """
    if packing == ".gz":
        return stack.enter_context(gzip.open(path, "rb")).read
    file = stack.enter_context(path.open("rb"))
    if packing == ".xz":
        return open_xz(file).read
    if packing == ".bz2":
        return open_bz2(file).read
    if packing != ".zst":
        return file.read
    import pyarrow as pa

    read: Callable[[int], bytes] = stack.enter_context(pa.CompressedInputStream(file, "zstd")).read
    return read


def other_kind(head: bytes) -> str | None:
    """What unpacked bytes are that are no text, and what to do; None if they may be text.

    Args:
        head: the first ``HEAD_BYTES`` bytes.
    """
    matching = (
        kind for kind, start in _OTHER_KINDS.items() if re.match(start, head, re.DOTALL | re.I)
    )
    return next(matching, None)
