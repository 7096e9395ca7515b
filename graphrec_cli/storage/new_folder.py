"""Write a folder completely or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec_cli.errors import ConfigError
from graphrec_cli.storage.atomic import output_errors, sync_folder


def refuse_taken(folder: Path, key: str) -> None:
    """Refuse a name that ``new_folder`` cannot take.

    Args:
        folder: what the user named.
        key: the key of the command, for the message.

    Raises:
        ConfigError: there is something else than an empty folder, it is the working directory, or
            the folder around it does not exist.
    """
    try:
        if not folder.name or (folder.is_dir() and folder.samefile(".")):
            raise ConfigError(f"{key}={folder} is the working directory; name a new folder")
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise ConfigError(f"{key}={folder} exists and is not a folder; choose another name")
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigError(f"{key}={folder} is not empty; choose another name, or empty it")
        if not folder.parent.is_dir():
            raise ConfigError(
                f"{key}={folder}: the folder {folder.parent} does not exist; make it first"
            )
    except OSError as error:
        raise ConfigError(f"{key} cannot be {folder}: {error.strerror or error}") from error


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``folder`` when the block ends without an error.

    The block must have synced the files that it writes there.

    Args:
        folder: does not exist, or is empty.

    Raises:
        OutputError: it cannot be made.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        with output_errors(f"make {folder}", "; choose another folder"):
            temporary.mkdir()
            yield temporary
            sync_folder(temporary)
            os.replace(temporary, folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
