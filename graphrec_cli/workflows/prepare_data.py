"""A data set prepared once, so that the runs after it begin with their first training step."""

from __future__ import annotations

import time
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.place import CachePlace
from graphrec_cli.data.cache.prepared_cache import unwritable, warn_of_damage
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import DataError, OutputError
from graphrec_cli.run import find_files, load_source, log_drops, split_source


def prepare_data(config: RunConfig) -> dict[str, Any]:
    """Have the cache hold what a run of this configuration will train on.

    Returns:
        ``dataset``; ``state``: ``there`` already, ``built``, ``rebuilt`` (because of ``damage``) or
        ``in_memory``, for data that have no files and are not kept; ``entry``, its folder, and
        ``bytes``, None for such data; ``users``, ``items``, ``pairs`` of every part, and
        ``split_hash``; ``seconds``.

    Raises:
        ConfigError: the cache cannot be written.
        DataError: as ``train``; the log says what was dropped.
        OutputError: there is no room for the entry.
    """
    started = time.perf_counter()
    files = find_files(config)
    place = CachePlace.of(config, files)
    damage = None
    if place is None:
        state, prepared = "in_memory", _from_files(config, files)
    else:
        found = place.find()
        damage = found.damage
        if found.prepared is not None:
            state, prepared = "there", found.prepared
        else:
            state = "built" if damage is None else "rebuilt"
            if damage is not None:
                warn_of_damage(place, damage)
            _refuse_unwritable(place)
            prepared = _from_files(config, files)
            try:
                place.put(prepared, instead_of=found)
            except OSError as error:
                raise OutputError(
                    f"cannot write {place.path}: {error.strerror or error}; make room, or choose "
                    "another cache_dir"
                ) from error
    split = prepared.split
    parts = {"train": split.train, "valid": split.valid, "test": split.test}
    return {
        "dataset": config.dataset.name,
        "state": state,
        "damage": damage,
        "entry": None if place is None else str(place.path),
        "bytes": None if place is None else place.size(),
        "users": len(split.users),
        "items": len(split.items),
        "pairs": {name: 0 if part is None else part.num_pairs for name, part in parts.items()},
        "split_hash": split.hash(),
        "seconds": time.perf_counter() - started,
    }


def _from_files(config: RunConfig, files: FoundFiles) -> Prepared:
    source = load_source(config, files)
    try:
        prepared = split_source(config, source)
    except DataError:
        log_drops(source.funnel)
        raise
    log_drops(prepared.funnel)
    return prepared


def _refuse_unwritable(place: CachePlace) -> None:
    try:
        place.refuse_unwritable()
    except OSError as error:
        raise unwritable(place, error.strerror or str(error)) from error
