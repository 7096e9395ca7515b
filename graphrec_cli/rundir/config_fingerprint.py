"""A digest of a config's values tells which configs describe the same run."""

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
"""Keys that no figure depends on."""

MACHINE = ("device", "num_threads")
"""Keys that may change on another machine; figures may then differ in the last bits."""

RESUMABLE = ("trainer.epochs", *MACHINE, "data_dir")
"""Keys that may change when a run is resumed."""

FREE_IN_RECIPE = (*RESUMABLE, "seed", "dataset", "evaluation.ks", "evaluation.chunk_users")
"""Keys that a recipe's expected figures allow to change: its split has a digest of its own."""


def config_sha256(content: dict[str, Any], *, but: Collection[str]) -> str:
    """SHA-256 of the values in a config.json that figures depend on.

    Args:
        content: of config.json.
        but: further dotted keys to ignore.
    """
    left_out = {*IGNORED_KEYS, *but, "schema_version", "choices"}
    values = without_keys(content, left_out)
    text = json.dumps(values, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def with_values(before: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """The content of a config.json with the resumable values of another.

    The rest stays as it was written, so that the digest does not depend on the release.
    """
    after = dict(before)
    for key in RESUMABLE:
        group, _, name = key.rpartition(".")
        if group:
            after[group] = {**after[group], name: content[group][name]}
        else:
            after[name] = content[name]
    return after
