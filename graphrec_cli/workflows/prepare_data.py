"""Prepare a data set once, so that later runs start training sooner."""

from __future__ import annotations

import time
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.preparation import DropReport, fill_cache, find_files


def prepare_data(config: RunConfig) -> dict[str, Any]:
    """Fill the cache with what a run of this config will train on.

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
    cache = PreparedCache(config, find_files(config), required=True)
    split = (cache.get() or fill_cache(config, cache, DropReport())).split
    parts = {"train": split.train, "valid": split.valid, "test": split.test}
    return {
        "dataset": config.dataset.name,
        "state": cache.state,
        "damage": cache.damage,
        "entry": None if cache.path is None else str(cache.path),
        "bytes": cache.size(),
        "users": len(split.users),
        "items": len(split.items),
        "pairs": {name: 0 if part is None else part.num_pairs for name, part in parts.items()},
        "split_hash": split.hash(),
        "seconds": time.perf_counter() - started,
    }
