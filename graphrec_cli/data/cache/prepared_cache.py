"""Prepared data kept between runs: a run never fails for a cache that it did not ask for."""

from __future__ import annotations

import logging

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.place import CachePlace, Found
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import ConfigError

log = logging.getLogger("graphrec")


class PreparedCache:
    """The cache as one run sees it; of data made in memory it holds nothing and keeps nothing."""

    def __init__(self, config: RunConfig, files: FoundFiles) -> None:
        self._place = CachePlace.of(config, files)
        self._chosen = config.cache_dir
        self._found = Found()

    def get(self) -> Prepared | None:
        """The prepared data, None where the cache does not have them whole."""
        if self._place is None:
            return None
        self._found = self._place.find()
        if self._found.prepared is not None:
            log.info("prepared data from the cache (%s...)", self._place.key[:12])
        if self._found.damage is not None:
            warn_of_damage(self._place, self._found.damage)
        return self._found.prepared

    def refuse_unwritable(self) -> None:
        """See that data can be kept, before the work is done.

        Raises:
            ConfigError: the folder was chosen by ``cache_dir``, and cannot be written. Where it was
                not, nothing will be kept, which the log says.
        """
        if self._place is None:
            return
        try:
            self._place.refuse_unwritable()
        except OSError as error:
            reason = error.strerror or str(error)
            if self._chosen is not None:
                raise unwritable(self._place, reason) from error
            self._warn(reason)
            self._place = None

    def keep(self, prepared: Prepared) -> None:
        """Put data into the cache; a disk that is full costs a warning."""
        if self._place is None:
            return
        try:
            self._place.put(prepared, instead_of=self._found)
        except OSError as error:
            self._warn(error.strerror or str(error))
        else:
            log.info("prepared data are kept in the cache (%s...)", self._place.key[:12])

    def _warn(self, reason: str) -> None:
        assert self._place is not None
        log.warning(
            "prepared data cannot be kept in %s (%s): every run prepares them anew; cache_dir "
            "names another folder",
            self._place.parent,
            reason,
        )


def warn_of_damage(place: CachePlace, damage: str) -> None:
    """That an entry will be made again."""
    log.warning("the cache entry %s is damaged (%s): it is made again", place.path, damage)


def unwritable(place: CachePlace, reason: str) -> ConfigError:
    """The error for a folder that must be written and cannot be."""
    return ConfigError(f"cannot write {place.parent}: {reason}; choose another cache_dir")
