"""Find, hash and unpack the files of a data set; nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from graphrec_cli.data.files.packing import PACKINGS, open_packed, packing_of
from graphrec_cli.data.files.zip_member import find_members, shown_members
from graphrec_cli.errors import DataError

MAX_UNPACKED_BYTES = 4 * 2**30
"""A packed file that unpacks to more than this is refused."""


def find_file(folder: Path, name: str, archive: str | None = None) -> Path | None:
    """``name`` in ``folder``, or else ``name`` with an ending of ``PACKINGS``; None without one.

    If they are absent and ``folder`` contains the zip ``archive`` with a file called ``name`` in
    it, the path is ``folder/archive/name``, which ``open_unpacked`` can read.

    Raises:
        DataError: the archive is damaged.
    """
    paths = (folder / f"{name}{packing}" for packing in PACKINGS)
    found = next((path for path in paths if path.is_file()), None)
    if found is None and archive is not None and (folder / archive).is_file():
        with readable(folder / archive), zipfile.ZipFile(folder / archive) as opened:
            found = folder / archive / name if find_members(opened, name) else None
    return found


def file_on_disk(path: Path) -> Path:
    """The file on disk that contains ``path``: the zip around it, or else ``path`` itself."""
    zips = (folder for folder in path.parents if folder.suffix == ".zip" and folder.is_file())
    return next(zips, path)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes on disk, in lower-case hexadecimal.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


class UnpackedStream(io.RawIOBase):
    """The unpacked bytes of a file; damage or an excessive size raises DataError."""

    def __init__(self, path: Path, read: Callable[[int], bytes], max_bytes: int | None) -> None:
        super().__init__()
        self._path = path
        self._read = read
        self._max_bytes = max_bytes
        self._bytes_read = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    # The standard library has no name for a writable buffer before Python 3.12.
    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer`` with the next bytes and return their number, 0 at the end.

        Raises:
            DataError: the file is truncated, damaged, encrypted, or too large when unpacked.
        """
        view = memoryview(buffer)
        with readable(self._path):
            chunk = self._read(len(view))
        view[: len(chunk)] = chunk
        self._bytes_read += len(chunk)
        if self._max_bytes is not None and self._bytes_read > self._max_bytes:
            raise DataError(
                f"{self._path} unpacks to more than {self._max_bytes} bytes; unpack it by hand "
                "if it really is that large"
            )
        return len(chunk)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the errors of reading a damaged or forbidden file into DataError.

    Raises:
        DataError: reading failed.
    """
    try:
        yield
    except EOFError as error:
        raise DataError(f"{path} is truncated; download it again") from error
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path} is damaged: {error}; download it again") from error
    except (NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}; unpack it by hand") from error
    except OSError as error:
        if error.errno is None:  # of a decompressor
            raise DataError(f"{path} is damaged: {error}; download it again") from error
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def open_unpacked(path: Path) -> Iterator[UnpackedStream]:
    """Open the unpacked bytes of a file, or of a file in a zip.

    Files without an ending of ``PACKINGS`` are unpacked as well if they begin like a packed file.
    A zip must contain exactly one file of the required name, in any folder: for ``a.csv.zip``
    that is ``a.csv``. Of ``all.zip/b/a.csv`` the path in the zip must be or end in ``b/a.csv``;
    if one file has just that path, others may end in it.

    Raises:
        DataError: the file cannot be opened or read, or the zip does not contain exactly one such
            file.
    """
    container = file_on_disk(path)
    with ExitStack() as stack:
        with readable(path):
            packing = packing_of(container)
            if packing == ".zip":
                archive = stack.enter_context(zipfile.ZipFile(container))
                member = stack.enter_context(archive.open(_member(archive, container, path)))
                read: Callable[[int], bytes] = member.read
            else:
                read = open_packed(path, packing, stack)
        yield UnpackedStream(path, read, MAX_UNPACKED_BYTES if packing else None)


def _member(archive: zipfile.ZipFile, container: Path, path: Path) -> zipfile.ZipInfo:
    inside = container != path
    name = path.relative_to(container).as_posix() if inside else path.stem
    matching = find_members(archive, name)
    exact = [info for info in matching if inside and info.filename == name]
    if len(exact or matching) != 1:
        raise DataError(
            f"{container} must contain exactly one file named {name}, found {len(matching)} "
            f"(it contains {shown_members(archive)})"
        )
    return (exact or matching)[0]
