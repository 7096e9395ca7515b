"""Checkpoint files: tensors and plain values only, so that loading one never runs code."""

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
    """A file open for writing that keeps the SHA-256 digest and the size of its content.

    torch writes tensor storages to it straight from memory, without copying them first.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.size = 0
        self._file = file
        self._digest = hashlib.sha256()
        self._error: OSError | None = None

    def write(self, data: bytes | memoryview) -> int:
        """Write all of ``data``; ``torch.save`` calls this."""
        try:
            self._file.write(data)
        except OSError as error:
            self._error = error
            raise
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: this class buffers nothing. ``torch.save`` calls this."""

    def save(self, content: dict[str, Any]) -> None:
        """Write tensors and plain values in the format that ``load_checkpoint`` reads.

        Raises:
            OSError: the file cannot be written, for example because the disk is full.
        """
        try:
            torch.save(content, cast(IO[bytes], self))
        except RuntimeError:
            # On a full disk torch raises a RuntimeError that hides the OSError.
            if self._error is not None:
                raise self._error from None
            raise

    def sha256(self) -> str:
        """Digest of everything written so far, lower-case hexadecimal."""
        return self._digest.hexdigest()


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint onto ``device``.

    Raises:
        OutputError: the file is missing or damaged, or contains anything other than tensors and
            plain values.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\3\4":  # torch would read it in its legacy format
                raise zipfile.BadZipFile("the file does not start like a checkpoint")
            refuse_crowded_zip(file)
            with zipfile.ZipFile(file) as archive:
                _refuse_compressed(archive)
                # torch does not verify the checksums and would load damaged weights silently.
                damaged = archive.testzip()
                size = sum(entry.file_size for entry in archive.infolist())
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} does not match its checksum")
        content = torch.load(path, map_location=device, weights_only=True)
        _refuse_odd_tensors(content, size)
    except Exception as error:
        # A manipulated file can raise almost anything: IndexError, KeyError, MemoryError.
        raise OutputError(f"cannot read the checkpoint {path}: {first_line(error)}") from error
    if not isinstance(content, dict):
        raise OutputError(
            f"cannot read the checkpoint {path}: expected a dictionary of named entries"
        )
    return content


def weights_sha256(state: Mapping[str, object]) -> str:
    """SHA-256 of names, types, shapes and values, sorted by name; 64 hexadecimal digits.

    It depends neither on the device nor on how a file stores the tensors.

    Raises:
        OutputError: an entry is not a plain dense tensor.
    """
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        if not isinstance(value, Tensor) or not _is_plain(value):
            raise OutputError(
                f"the weights '{name}' are not a plain dense tensor; train the run again"
            )
        data = value.detach().cpu().reshape(-1).view(torch.uint8).numpy()
        digest.update(f"{name} {value.dtype} {list(value.shape)};".encode())
        digest.update(data.data)
    return digest.hexdigest()


def _refuse_odd_tensors(content: object, size: int) -> None:
    """Refuse tensors that are not plain and dense, or exceed ``size`` bytes in total."""
    waiting, seen = [content], set[int]()
    storage_bytes: dict[int, int] = {}
    while waiting:
        value = waiting.pop()
        if id(value) in seen:  # a container that contains itself
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif isinstance(value, Tensor):
            if not _is_plain(value):
                raise ValueError("it contains a tensor that is not plain, dense and contiguous")
            storage = value.untyped_storage()
            storage_bytes[storage.data_ptr()] = storage.nbytes()
            if sum(storage_bytes.values()) > size:
                raise ValueError("it contains a tensor that is larger than the file")


def _is_plain(tensor: Tensor) -> bool:
    # A tensor that is not contiguous may claim to be far larger than its storage.
    dense = tensor.layout is torch.strided and not tensor.is_meta and not tensor.is_quantized
    return dense and tensor.is_contiguous()


def _refuse_compressed(archive: zipfile.ZipFile) -> None:
    """Refuse compressed entries, which could grow without limit when they are read."""
    for entry in archive.infolist():
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise zipfile.BadZipFile(f"{entry.filename} is compressed, but checkpoints are not")
