"""Prepare a data set once, so that later runs start training sooner."""

from __future__ import annotations

import time
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.build_lock import build_lock
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.preparation import fill_cache, find_files
from graphrec_cli.rundir.drop_report import DropReport


def prepare_data(config: RunConfig) -> dict[str, Any]:
    """Store the prepared data of this config in the cache.

    Returns:
        ``dataset``; ``state``: ``there`` (already cached), ``built``, ``rebuilt`` (because of
        ``damage``) or ``in_memory`` (data without files, which are not cached); ``entry``, the
        folder of the cache entry, and its ``bytes``, both None if in memory; ``users``, ``items``,
        ``pairs`` of every part, ``split_hash`` and ``seconds``.

    Raises:
        ConfigError: the cache cannot be written.
        DataError: as in ``train``; the dropped rows are logged.
        OutputError: the entry cannot be written.
    """
    started = time.perf_counter()
    cache = PreparedCache(config, find_files(config), required=True)
    prepared = cache.get()
    if prepared is None:
        with build_lock(cache.path):
            prepared = cache.built_meanwhile() or fill_cache(config, cache, DropReport())
    split = prepared.split
    pairs = {name: part.num_pairs for name, part in split.parts().items()}
    return {
        "dataset": config.dataset.name,
        "state": cache.state,
        "damage": cache.damage,
        "entry": None if cache.path is None else str(cache.path),
        "bytes": cache.size(),
        "users": len(split.users),
        "items": len(split.items),
        "pairs": {"train": 0, "valid": 0, "test": 0} | pairs,
        "split_hash": split.hash(),
        "seconds": time.perf_counter() - started,
    }
