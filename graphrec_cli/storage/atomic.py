"""Write files completely or not at all: to a temporary file, synced, then renamed."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.csv_field import csv_field

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}")


@contextmanager
def output_errors(action: str, advice: str = "") -> Iterator[None]:
    """Raise ``cannot ACTION: REASON`` with ``advice`` instead of the system's error.

    Raises:
        OutputError: the block raised OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot {action}: {error.strerror or error}{advice}") from error


@contextmanager
def atomic_write(
    path: Path, *, before_replace: Callable[[], None] = lambda: None
) -> Iterator[IO[bytes]]:
    """Open a binary file that replaces ``path`` when the block ends without an error.

    Args:
        before_replace: called when the new bytes are on disk, before ``path`` is replaced.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full; ``path`` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with output_errors(f"write {path}", "; free disk space or choose another folder"):
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            before_replace()
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON; NaN and infinity are refused.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    with atomic_write(path) as file:
        # File names that are not UTF-8 contain lone surrogates, which JSON can escape.
        file.write(f"{text}\n".encode(errors="backslashreplace"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header line and rows as comma-separated UTF-8.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as file:
        for row in chain([header], rows):
            line = ",".join(csv_field("" if cell is None else str(cell)) for cell in row)
            file.write(f"{line}\n".encode())


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files of interrupted writes; no other process may write there.

    Raises:
        OutputError: one cannot be deleted.
    """
    for path in folder.glob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            remove_file(path)


def remove_file(path: Path) -> None:
    """Delete a file if it exists.

    Raises:
        OutputError: it cannot be deleted.
    """
    with output_errors(f"delete {path}"):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder: a crash can lose a rename even if the file's bytes are on disk.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
