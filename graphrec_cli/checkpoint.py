"""Checkpoints: tensors and plain values, never anything that runs when it is read."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from graphrec_cli.durable import atomic_write
from graphrec_cli.errors import OutputError


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    # Straight into a file, torch answers a full disk with a RuntimeError of its own.
    buffer = BytesIO()
    torch.save(content, buffer)
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint onto ``device``.

    Raises:
        OutputError: the file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        # torch does not look at the checksums, and would load damaged weights in silence.
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} does not match its checksum")
        content = torch.load(path, map_location=device, weights_only=True)
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OutputError(f"cannot read the checkpoint {path}: {reason}") from error
    if not isinstance(content, dict):
        raise OutputError(f"cannot read the checkpoint {path}: expected named entries")
    return content
