"""Files that are either whole or not there: written beside their place, synced, renamed."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from graphrec_cli.errors import OutputError


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of ``path`` once the block ends without an error.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full; ``path`` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {path}: {reason}; free the disk or choose another folder"
        ) from error
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
        # Bytes of a file name that are no UTF-8 are half surrogates; JSON can escape them.
        file.write(f"{text}\n".encode(errors="backslashreplace"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header line and rows as comma-separated UTF-8.

    Raises:
        OutputError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def _sync_folder(folder: Path) -> None:
    # Without it a rename may be lost in a crash although the file's own bytes are safe.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
