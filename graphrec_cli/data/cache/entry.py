"""Write and read the files of one cache entry, each with its digest."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphrec_cli.data.cache.arrays import (
    attributes_of,
    npy_parts,
    split_arrays,
    split_of,
    text_array,
)
from graphrec_cli.data.cache.key import digest_of
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import DataFile
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.errors import GraphrecError
from graphrec_cli.storage.atomic import sync_folder

ENTRY, QUARANTINE, TITLE = "entry.json", "quarantine.json", "title"
MAX_FILE_BYTES = 16 * 2**30
"""Larger files are refused before they are read, so that they cannot fill the memory."""


class DamagedEntry(Exception):
    """An entry is damaged; the message names the fault."""


def write_entry(folder: Path, prepared: Prepared, ingredients: dict[str, Any]) -> None:
    """Fill an empty folder; every file and the folder are on disk when this returns.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    arrays = split_arrays(prepared.split)
    if prepared.title is not None:
        arrays[TITLE] = prepared.title
    if prepared.attributes is not None:
        arrays |= prepared.attributes.arrays()
    quarantine = json.dumps([asdict(line) for line in prepared.quarantine]).encode()
    digests = {
        f"{name}.npy": _write(folder, f"{name}.npy", *npy_parts(array))
        for name, array in arrays.items()
    }
    digests[QUARANTINE] = _write(folder, QUARANTINE, quarantine)
    content = {
        "ingredients": ingredients,
        "split_hash": prepared.split.hash(),
        "num_rows": prepared.num_rows,
        "own_split_unused": prepared.own_split_unused,
        "notes": list(prepared.notes),
        "funnel": prepared.funnel.to_dict(),
        "files": digests,
    }
    # This file contains the digests of the others and its own.
    entry = {"sha256": digest_of(content), "content": content}
    _write(folder, ENTRY, json.dumps(entry, indent=1).encode())
    sync_folder(folder)


def _write(folder: Path, name: str, *parts: bytes | memoryview) -> str:
    """Write a new file to the disk; return its digest."""
    digest = hashlib.sha256()
    with (folder / name).open("xb") as file:
        for part in parts:
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def read_entry(
    folder: Path, ingredients: dict[str, Any], data_files: tuple[DataFile, ...]
) -> Prepared:
    """Read an entry and check all of it; links are not followed.

    Args:
        ingredients: what the entry must have been built from.
        data_files: the data files on this machine.

    Raises:
        DamagedEntry: a file is missing or changed, or its content is not valid.
    """
    try:
        with _opened(folder) as directory:
            content = _content(_read(directory, ENTRY))
            if content["ingredients"] != ingredients:
                raise DamagedEntry("it was built from other data")
            data = {name: _checked(directory, name, of) for name, of in content["files"].items()}
        prepared = _prepared(content, data, data_files)
        if prepared.split.hash() != content["split_hash"]:
            raise DamagedEntry("the hash of its split is wrong")
    except OSError as error:
        raise DamagedEntry(f"{error.filename or 'it'}: {error.strerror or error}") from error
    except (AttributeError, LookupError, TypeError) as error:
        raise DamagedEntry("its format is wrong") from error
    except (GraphrecError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DamagedEntry(f"{reason:.120}") from error
    return prepared


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open the folder itself, so that all files belong to one entry even if it is renamed."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield directory
    finally:
        os.close(directory)


def _read(directory: int, name: str) -> bytearray:
    if os.path.basename(name) != name:
        raise DamagedEntry("it names a file outside the entry")
    # O_NONBLOCK: do not wait for a writer if the file is a pipe.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_FILE_BYTES:
            raise DamagedEntry(f"{name} is not a regular file")
        data = bytearray(state.st_size)
        if file.readinto(data) != len(data):
            raise DamagedEntry(f"{name} changed while it was read")
        return data


def _content(data: bytearray) -> dict[str, Any]:
    entry = json.loads(data)
    content = entry["content"]
    if digest_of(content) != entry["sha256"] or not isinstance(content, dict):
        raise DamagedEntry(f"{ENTRY} has changed")
    return content


def _checked(directory: int, name: str, sha256: str) -> bytearray:
    data = _read(directory, name)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedEntry(f"{name} has changed")
    return data


def _prepared(
    content: dict[str, Any], data: dict[str, bytearray], data_files: tuple[DataFile, ...]
) -> Prepared:
    lines = json.loads(data.pop(QUARANTINE))
    title = data.pop(f"{TITLE}.npy", None)
    arrays = {name.removesuffix(".npy"): npy for name, npy in data.items()}
    split = split_of(arrays)
    return Prepared(
        split=split,
        title=None if title is None else text_array(title, size=len(split.items)),
        funnel=Funnel.from_dict(content["funnel"]),
        quarantine=tuple(
            BadLine(str(line["file"]), int(line["line"]), str(line["reason"]), str(line["text"]))
            for line in lines
        ),
        num_rows=int(content["num_rows"]),
        own_split_unused=bool(content["own_split_unused"]),
        files=data_files,
        preferences=None,
        notes=tuple(map(str, content["notes"])),
        attributes=attributes_of(arrays, len(split.items)),
    )
