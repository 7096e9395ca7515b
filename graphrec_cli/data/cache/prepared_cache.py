"""The cache of prepared data; a run does not fail because of a cache that it did not ask for."""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.entry import DamagedEntry, read_entry, write_entry
from graphrec_cli.data.cache.key import digest_of, key_ingredients
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.storage.atomic import sync_folder

log = logging.getLogger("graphrec")

FOLDER = "prepared"
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{16}")
_ABANDONED_AFTER = 24 * 3600
"""Seconds after which the folder of an unfinished build counts as left by a killed process."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


class PreparedCache:
    """The cache as one command sees it; data generated in memory is never stored.

    Attributes:
        files: those of the data set.
        path: the folder of the entry, named by its key; None if nothing can be stored.
        state: ``in_memory`` for data without files, ``there`` if an entry was found, ``built``, or
            ``rebuilt`` instead of a damaged entry.
        damage: the fault of the entry that was found; None without a fault.
        kept: whether data was written to the cache.
    """

    def __init__(self, config: RunConfig, files: FoundFiles, *, required: bool = False) -> None:
        """Create the cache without reading or writing anything.

        Args:
            required: raise an error if the cache cannot be written. Otherwise it is only a warning,
                unless ``cache_dir`` was set.
        """
        self.files = files
        self.path: Path | None = None
        self.state = "built" if files.on_disk else "in_memory"
        self.damage: str | None = None
        self.kept = False
        self._inode: int | None = None
        self._required = required
        self._chosen = config.cache_dir is not None
        self._ingredients: dict[str, Any] = {}
        if files.on_disk:
            root = _user_folder() if config.cache_dir is None else Path(config.cache_dir).absolute()
            self._ingredients = key_ingredients(config, files)
            self.path = root / FOLDER / digest_of(self._ingredients)

    @property
    def short_key(self) -> str:
        """First digits of the name of the entry, for messages."""
        return "" if self.path is None else self.path.name[:12]

    def size(self) -> int | None:
        """Bytes of the entry, 0 if it has been removed meanwhile; None if nothing is stored."""
        if self.path is None:
            return None
        try:
            return sum(file.stat().st_size for file in self.path.iterdir())
        except OSError:
            return 0

    def get(self) -> Prepared | None:
        """The prepared data, None if the cache has no sound entry."""
        self.damage = self._inode = None
        if self.path is None or not self.path.is_absolute():
            return None
        try:
            self._inode = self.path.lstat().st_ino
            prepared = read_entry(self.path, self._ingredients, self.files.on_disk)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.damage = error.strerror or str(error)
        except DamagedEntry as error:
            self.damage = str(error)
        else:
            self.state = "there"
            return prepared
        self.state = "rebuilt"
        log.warning(
            "the cache entry %s is damaged (%s) and will be rebuilt", self.path, self.damage
        )
        return None

    def built_meanwhile(self) -> Prepared | None:
        """What another process has put there since ``get`` found nothing; None without that."""
        if self.path is None or not self.path.is_absolute():
            return None
        try:
            unchanged = self.path.lstat().st_ino == self._inode
        except OSError:
            return None
        return None if unchanged else self.get()

    def refuse_unwritable(self) -> None:
        """Check that data can be stored, before the work is done.

        Raises:
            ConfigError: the folder is required or was set by ``cache_dir``, and cannot be written.
                Otherwise a warning is logged and nothing will be stored.
        """
        if self.path is None:
            return
        try:
            if not self.path.is_absolute():
                raise OSError(errno.ENOENT, "the user has no cache folder with an absolute path")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            trial = _temporary(self.path)
            trial.mkdir()
            trial.rmdir()
        except OSError as error:
            reason = error.strerror or str(error)
            if self._chosen or self._required:
                raise ConfigError(
                    f"cannot write {self.path.parent}: {reason}; choose another cache_dir"
                ) from error
            _warn(self.path, reason)
            self.path = None

    def keep(self, prepared: Prepared) -> None:
        """Put data into the cache, in place of a damaged entry that ``get`` found.

        Raises:
            OutputError: the cache is required and cannot be written; otherwise a warning is logged.
        """
        if self.path is None:
            return
        try:
            self._put(self.path, prepared)
        except OSError as error:
            reason = error.strerror or str(error)
            if self._required:
                raise OutputError(
                    f"cannot write {self.path}: {reason}; free disk space or choose another "
                    "cache_dir"
                ) from error
            _warn(self.path, reason)
        else:
            self.kept = True

    def _put(self, path: Path, prepared: Prepared) -> None:
        """Build the entry next to its place, then rename it.

        If another process was faster, its entry stays, since its content is the same. Nothing
        half-written is left after an error.
        """
        _remove_abandoned(path.parent)
        build, aside = _temporary(path), _temporary(path)
        try:
            build.mkdir()
            write_entry(build, prepared, self._ingredients)
            # Another process may have replaced the damaged entry meanwhile.
            with suppress(FileNotFoundError):
                if self._inode is not None and path.lstat().st_ino == self._inode:
                    os.rename(path, aside)
            try:
                os.rename(build, path)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            sync_folder(path.parent)
        finally:
            _remove(build)
            _remove(aside)


def _user_folder() -> Path:
    """The user's cache folder; a relative path, which is never used, if there is no home folder."""
    try:
        return user_cache_path("graphrec")
    except RuntimeError:
        return Path("graphrec")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed builds left behind."""
    now = time.time()
    with suppress(OSError):
        for path in folder.iterdir():
            if not _TEMPORARY.fullmatch(path.name):
                continue
            with suppress(OSError):
                if now - path.lstat().st_mtime > _ABANDONED_AFTER:
                    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _warn(path: Path, reason: str) -> None:
    log.warning(
        "prepared data cannot be stored in %s (%s), so every run prepares it again; set "
        "cache_dir to another folder",
        path.parent,
        reason,
    )
