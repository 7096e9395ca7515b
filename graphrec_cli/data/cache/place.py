"""The place of a cache entry; an entry is written there completely or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.entry import DamagedEntry, read_entry, write_entry
from graphrec_cli.data.cache.key import digest_of, key_ingredients
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import DataFile, FoundFiles
from graphrec_cli.storage.atomic import sync_folder

FOLDER = "prepared"
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{16}")
_ABANDONED_AFTER = 24 * 3600
"""Seconds after which the folder of an unfinished build counts as left by a killed process."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in an entry's place.

    Attributes:
        prepared: the entry's content, None without a usable entry.
        damage: the fault of a damaged entry, None otherwise.
        inode: of the damaged entry, to recognise it later.
    """

    prepared: Prepared | None = None
    damage: str | None = None
    inode: int | None = None


@dataclass(frozen=True, slots=True)
class CachePlace:
    """The place of one data set, prepared in one way.

    Attributes:
        parent: the folder of all entries, which need not exist.
        ingredients: everything that the prepared data depends on.
        files: those of the data set.
    """

    parent: Path
    ingredients: dict[str, Any]
    files: tuple[DataFile, ...]

    @classmethod
    def of(cls, config: RunConfig, files: FoundFiles) -> CachePlace | None:
        """The place for a config and its files; None for data without files."""
        if not files.on_disk:
            return None
        chosen = config.cache_dir
        root = _user_folder() if chosen is None else Path(chosen).absolute()
        return cls(root / FOLDER, key_ingredients(config, files), files.on_disk)

    @property
    def key(self) -> str:
        """The name of the entry, 64 hexadecimal digits."""
        return digest_of(self.ingredients)

    @property
    def path(self) -> Path:
        """The folder of the entry."""
        return self.parent / self.key

    def find(self) -> Found:
        """Read the entry, if there is one. Writes nothing and raises nothing."""
        if not self.parent.is_absolute():
            return Found()
        try:
            inode = self.path.lstat().st_ino
        except (FileNotFoundError, NotADirectoryError):
            return Found()
        except OSError as error:
            return Found(damage=error.strerror or str(error))
        try:
            return Found(prepared=read_entry(self.path, self.ingredients, self.files))
        except DamagedEntry as error:
            return Found(damage=str(error), inode=inode)

    def refuse_unwritable(self) -> None:
        """Make the folder of the entries, and check that it can be written.

        Raises:
            OSError: it cannot be made or written.
        """
        if not self.parent.is_absolute():
            raise OSError(errno.ENOENT, "the user has no cache folder with an absolute path")
        self.parent.mkdir(parents=True, exist_ok=True)
        trial = self._temporary()
        trial.mkdir()
        trial.rmdir()

    def put(self, prepared: Prepared, instead_of: Found) -> None:
        """Put an entry in its place, replacing a damaged one that was found there.

        The entry is built next to its place and then renamed. If another process was faster, its
        entry stays, since its content is the same.

        Raises:
            OSError: it cannot be written; nothing half-written is left.
        """
        self._remove_abandoned()
        build, aside = self._temporary(), self._temporary()
        try:
            build.mkdir()
            write_entry(build, prepared, self.ingredients)
            if instead_of.inode is not None:
                self._move_aside(instead_of.inode, aside)
            try:
                os.rename(build, self.path)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            sync_folder(self.parent)
        finally:
            _remove(build)
            _remove(aside)

    def size(self) -> int:
        """Bytes of the entry's files, 0 if it has been removed meanwhile."""
        try:
            return sum(file.stat().st_size for file in self.path.iterdir())
        except OSError:
            return 0

    def _temporary(self) -> Path:
        return self.parent / f".{self.key}.{secrets.token_hex(8)}"

    def _move_aside(self, inode: int, aside: Path) -> None:
        # Another process may have replaced it meanwhile.
        with suppress(FileNotFoundError):
            if self.path.lstat().st_ino == inode:
                os.rename(self.path, aside)

    def _remove_abandoned(self) -> None:
        """Remove what killed builds left behind."""
        now = time.time()
        with suppress(OSError):
            for path in self.parent.iterdir():
                if not _TEMPORARY.fullmatch(path.name):
                    continue
                with suppress(OSError):
                    if now - path.lstat().st_mtime > _ABANDONED_AFTER:
                        _remove(path)


def _user_folder() -> Path:
    """The user's cache folder; a relative path, which is never used, if there is no home folder."""
    try:
        return user_cache_path("graphrec")
    except RuntimeError:
        return Path("graphrec")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)
