"""Digest of a config: equal for configs that describe the same run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

from graphrec_cli.config.serialize import without_keys

IGNORED_KEYS = (
    "data_dir",
    "output_dir",
    "cache_dir",
    "plots",
    "expected",
    "trainer.checkpoint_every",
    "trainer.checkpoint_minutes",
    "trainer.checkpoints_kept",
    "trainer.autoresume",
)
"""Keys that do not affect any figure."""

MACHINE = ("device", "num_threads")
"""Keys that may change on another machine; figures may then differ in the last bits."""

RESUMABLE = ("trainer.epochs", *MACHINE, "data_dir")
"""Keys that may change when a run is resumed."""

FREE_IN_RECIPE = (
    *RESUMABLE,
    "seed",
    "dataset",
    "evaluation.ks",
    "evaluation.chunk_users",
    "evaluation.floor",
)
"""Keys that may differ from a recipe whose figures are compared; the split is hashed separately."""


def config_sha256(content: dict[str, Any], *, but: Collection[str]) -> str:
    """SHA-256 of the values that affect the figures.

    Args:
        content: content of a config.json.
        but: further dotted keys to ignore.
    """
    ignored = {*IGNORED_KEYS, *but, "schema_version", "choices"}
    values = without_keys(content, ignored)
    text = json.dumps(values, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def with_values(before: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Replace the ``RESUMABLE`` values of a config.json by those of another.

    Other values stay as they were written, so that the digest does not depend on the release.
    """
    after = dict(before)
    for key in RESUMABLE:
        group, _, name = key.rpartition(".")
        if group:
            after[group] = {**after[group], name: content[group][name]}
        else:
            after[name] = content[name]
    return after
