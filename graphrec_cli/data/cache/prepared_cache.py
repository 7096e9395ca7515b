"""The cache of prepared data; a run does not fail because of a cache that it did not ask for."""

from __future__ import annotations

import logging
from pathlib import Path

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.place import CachePlace, Found
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import ConfigError, OutputError

log = logging.getLogger("graphrec")


class PreparedCache:
    """The cache as one command sees it; data generated in memory is never stored.

    Attributes:
        files: those of the data set.
        state: ``in_memory`` for data without files, ``there`` if an entry was found, ``built``, or
            ``rebuilt`` instead of a damaged entry.
        kept: whether data was written to the cache.
    """

    def __init__(self, config: RunConfig, files: FoundFiles, *, required: bool = False) -> None:
        """Create the cache without reading or writing anything.

        Args:
            required: raise an error if the cache cannot be written. Otherwise it is only a warning,
                unless ``cache_dir`` was set.
        """
        self.files = files
        self.state = "built" if files.on_disk else "in_memory"
        self.kept = False
        self._place = CachePlace.of(config, files)
        self._chosen = config.cache_dir is not None
        self._required = required
        self._found = Found()

    @property
    def path(self) -> Path | None:
        """The folder of the entry; None for data generated in memory."""
        return None if self._place is None else self._place.path

    @property
    def short_key(self) -> str:
        """First digits of the name of the entry, for messages."""
        return "" if self._place is None else self._place.key[:12]

    @property
    def damage(self) -> str | None:
        """What was wrong with the entry that was found; None if nothing was."""
        return self._found.damage

    def size(self) -> int | None:
        """Bytes of the entry; None for data generated in memory."""
        return None if self._place is None else self._place.size()

    def get(self) -> Prepared | None:
        """The prepared data, None if the cache has no sound entry."""
        if self._place is None:
            return None
        self._found = self._place.find()
        if self._found.prepared is not None:
            self.state = "there"
        if self._found.damage is not None:
            self.state = "rebuilt"
            log.warning(
                "the cache entry %s is damaged (%s) and will be rebuilt",
                self._place.path,
                self._found.damage,
            )
        return self._found.prepared

    def refuse_unwritable(self) -> None:
        """Check that data can be stored, before the work is done.

        Raises:
            ConfigError: the folder is required or was set by ``cache_dir``, and cannot be written.
                Otherwise a warning is logged and nothing will be stored.
        """
        if self._place is None:
            return
        try:
            self._place.refuse_unwritable()
        except OSError as error:
            reason = error.strerror or str(error)
            if self._chosen or self._required:
                raise ConfigError(
                    f"cannot write {self._place.parent}: {reason}; choose another cache_dir"
                ) from error
            self._warn(self._place, reason)
            self._place = None

    def keep(self, prepared: Prepared) -> None:
        """Put data into the cache.

        Raises:
            OutputError: the cache is required and cannot be written; otherwise a warning is logged.
        """
        if self._place is None:
            return
        try:
            self._place.put(prepared, instead_of=self._found)
        except OSError as error:
            reason = error.strerror or str(error)
            if self._required:
                raise OutputError(
                    f"cannot write {self._place.path}: {reason}; free disk space or choose another "
                    "cache_dir"
                ) from error
            self._warn(self._place, reason)
        else:
            self.kept = True

    def _warn(self, place: CachePlace, reason: str) -> None:
        log.warning(
            "prepared data cannot be stored in %s (%s), so every run prepares it again; set "
            "cache_dir to another folder",
            place.parent,
            reason,
        )
