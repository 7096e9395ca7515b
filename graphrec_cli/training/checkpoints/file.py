"""Checkpoints: tensors and plain values, never anything that runs when it is read."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_json import refuse_crowded_zip
from graphrec_cli.terminal_text import first_line


class DigestedFile:
    """A file that is being written, with the digest and the size of what has gone into it.

    torch writes storages into it as they lie in memory, so that no second copy of them is made.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._error: OSError | None = None

    def write(self, data: bytes | memoryview) -> int:
        """Write all of ``data``, as torch.save asks for it."""
        try:
            self._file.write(data)
        except OSError as error:
            self._error = error
            raise
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def save(self, content: dict[str, Any]) -> None:
        """Write tensors and plain values as ``load_checkpoint`` reads them.

        Raises:
            OSError: the file cannot be written, for want of space it may be.
        """
        try:
            torch.save(content, cast(IO[bytes], self))
        except RuntimeError:
            # torch answers a full disk with a RuntimeError of its own.
            if self._error is not None:
                raise self._error from None
            raise

    def sha256(self) -> str:
        """Digest of all that was written, lower-case hexadecimal."""
        return self._digest.hexdigest()


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint onto ``device``.

    Raises:
        OutputError: the file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\3\4":  # torch would take it for the format of old releases
                raise zipfile.BadZipFile("it does not begin as a checkpoint does")
            refuse_crowded_zip(file)
            with zipfile.ZipFile(file) as archive:
                _refuse_packed(archive)
                # torch does not look at the checksums, and would load damaged weights in silence.
                damaged = archive.testzip()
                size = sum(entry.file_size for entry in archive.infolist())
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} does not match its checksum")
        content = torch.load(path, map_location=device, weights_only=True)
        _refuse_odd_tensors(content, size)
    except Exception as error:
        # Bytes made to mislead the reader make it fail in any way: on an index, a key, memory.
        raise OutputError(f"cannot read the checkpoint {path}: {first_line(error)}") from error
    if not isinstance(content, dict):
        raise OutputError(f"cannot read the checkpoint {path}: expected named entries")
    return content


def weights_sha256(state: Mapping[str, object]) -> str:
    """SHA-256 over names, types, shapes and values in the order of the names, 64 digits.

    It depends neither on the device nor on how a file holds the tensors.

    Raises:
        OutputError: an entry is no plain tensor.
    """
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        if not isinstance(value, Tensor) or not _is_plain(value):
            raise OutputError(f"the weights {name} are no plain tensor; train the run again")
        data = value.detach().cpu().reshape(-1).view(torch.uint8).numpy()
        digest.update(f"{name} {value.dtype} {list(value.shape)};".encode())
        digest.update(data.data)
    return digest.hexdigest()


def _refuse_odd_tensors(content: object, size: int) -> None:
    """Refuse tensors that are not what they are written as, or hold more than ``size`` bytes."""
    waiting, seen = [content], set[int]()
    held: dict[int, int] = {}
    while waiting:
        value = waiting.pop()
        if id(value) in seen:  # what holds itself would never end
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif isinstance(value, Tensor):
            if not _is_plain(value):
                raise ValueError("it holds a tensor that is not stored as it is used")
            storage = value.untyped_storage()
            held[storage.data_ptr()] = storage.nbytes()
            if sum(held.values()) > size:
                raise ValueError("it holds a tensor that is larger than the file")


def _is_plain(tensor: Tensor) -> bool:
    # What is not contiguous may claim to be far larger than the memory that it lies in.
    stored = tensor.layout is torch.strided and not tensor.is_meta and not tensor.is_quantized
    return stored and tensor.is_contiguous()


def _refuse_packed(archive: zipfile.ZipFile) -> None:
    """Checkpoints are not compressed, so that none can grow when it is read."""
    for entry in archive.infolist():
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise zipfile.BadZipFile(f"{entry.filename} is compressed, as no checkpoint is")
