"""Find one file in a zip by its path, or by the last parts of it."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

SHOWN = 20
"""Names that a message lists."""


def find_members(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The files whose path is ``name`` or ends in it, in the order of the zip."""
    wanted = PurePosixPath(name).parts
    return [
        info
        for info in list_members(archive)
        if PurePosixPath(info.filename).parts[-len(wanted) :] == wanted
    ]


def list_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """All files of the zip, without folders and the resource forks of macOS."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]


def shown_members(archive: zipfile.ZipFile) -> str:
    """The names of the files, for a message."""
    names = [info.filename for info in list_members(archive)]
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more or "nothing"
