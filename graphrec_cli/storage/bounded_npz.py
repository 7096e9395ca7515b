"""Read arrays from an untrusted npz: all sizes are checked before any array is read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.storage.bounded_json import refuse_crowded_zip
from graphrec_cli.terminal_text import printable

MAX_UNPACKED_BYTES = 4 * 2**30
"""Maximum size of all arrays of a file together."""
MAX_TEXT_WIDTH = 2**16
"""Maximum length of an id or a title, in characters."""
_HEAD_BYTES = 2**14
"""Bytes read for an array's header, more than numpy allows."""


def read_npz(
    path: Path,
    types: Mapping[str, type[np.generic]],
    check_lengths: Callable[[Mapping[str, int]], None],
    *,
    unread: Collection[str] = (),
) -> dict[str, NDArray[Any]]:
    """Read the one-dimensional arrays of an npz file, without pickles.

    Args:
        path: the file.
        types: name and type of every allowed array; ``np.str_`` allows any width.
        check_lengths: called with the length of every array before any values are read; must raise
            ValueError if the lengths are inconsistent.
        unread: names of further arrays that the file may have; they are passed over.

    Raises:
        ValueError: a check failed.
        Exception: any other kind, if hostile bytes make a reader fail.
    """
    with path.open("rb") as file:
        refuse_crowded_zip(file)
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive, types, unread)
            unpacked = sum(entry.file_size for entry in entries.values())
            if unpacked > MAX_UNPACKED_BYTES:
                raise ValueError(
                    f"it unpacks to {unpacked:,} bytes, above the limit of {MAX_UNPACKED_BYTES:,}"
                )
            lengths: dict[str, int] = {}
            for name, entry in entries.items():
                with archive.open(entry) as stream:
                    head = BytesIO(stream.read(_HEAD_BYTES))
                lengths[name] = _length(name, types[name], entry.file_size, head)
            check_lengths(lengths)
            # Read whole entries, because zipfile compares the checksum at the end.
            return {
                name: np.lib.format.read_array(BytesIO(archive.read(entry)), allow_pickle=False)
                for name, entry in entries.items()
            }


def _entries(
    archive: zipfile.ZipFile, types: Mapping[str, type[np.generic]], unread: Collection[str]
) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename.removesuffix(".npy")
        if name in unread and entry.filename != name:
            continue
        if name not in types or entry.filename == name:
            raise ValueError(
                f"it contains '{printable(entry.filename):.80}', which is not an array of a run"
            )
        if name in entries:
            raise ValueError(f"it contains the array {name} twice")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"the array {name} is neither stored nor deflated")
        entries[name] = entry
    return entries


def _length(name: str, wanted: type[np.generic], size: int, head: BytesIO) -> int:
    """The length in the array's header, which must match the number of bytes after it."""
    version = np.lib.format.read_magic(head)
    if version == (1, 0):
        shape, _, found = np.lib.format.read_array_header_1_0(head)
    elif version == (2, 0):
        shape, _, found = np.lib.format.read_array_header_2_0(head)
    else:
        raise ValueError(f"the array {name} has an unknown format version")
    text = wanted is np.str_
    fits = found.kind == "U" and found.itemsize > 0 if text else found == np.dtype(wanted)
    if not fits or not found.isnative:
        raise ValueError(f"the array {name} has the type {found!s:.80}, not {wanted.__name__}")
    if found.itemsize > MAX_TEXT_WIDTH * 4:
        raise ValueError(f"the array {name} has strings of {found.itemsize // 4:,} characters")
    if len(shape) != 1:
        raise ValueError(f"the array {name} has {len(shape)} dimensions, not 1")
    (length,) = shape
    if type(length) is not int or length < 0:
        raise ValueError(f"the array {name} claims a length of {length}")
    if length * found.itemsize != size - head.tell():
        raise ValueError(f"the array {name} claims {length:,} values, which do not match its size")
    return length
