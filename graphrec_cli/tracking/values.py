"""The values of a run by name, as trackers show them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.tracking.tracker import Param

_LEFT_OUT = ("data_dir", "output_dir", "cache_dir", "expected")
"""Folders say much about a machine and nothing about the run; bands belong to a recipe."""
_OF_AN_EPOCH = ("loss", "learning_rate", "triplets_per_second", "seconds")
_OF_A_RUN = ("selected_epoch", "epochs_run")


def params_of(config: RunConfig) -> dict[str, Param]:
    """The config by full key, without folders."""
    plain = {key: value for key, value in to_plain(config).items() if key not in _LEFT_OUT}
    return dict(_scalars("", plain))


def epoch_values(row: Mapping[str, Any]) -> dict[str, float]:
    """The values of a row of history.jsonl, such as ``loss`` and ``valid/ndcg@10``."""
    values = {name: row[name] for name in _OF_AN_EPOCH}
    return dict(_finite("", values)) | dict(_finite("valid/", row["valid"]))


def figures_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The figures of metrics.json, such as ``test/ndcg@10``."""
    figures = dict(_finite("test/", metrics["test"]))
    figures |= dict(_finite("selected_valid/", metrics["valid"]))
    for name, values in metrics["baselines"].items():
        figures |= dict(_finite(f"baselines/{name}/", values))
    return figures | dict(_finite("", {name: metrics[name] for name in _OF_A_RUN}))


def _scalars(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Param]]:
    """The values by full key; a list is one text."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _scalars(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", json.dumps(value) if isinstance(value, list) else value


def _finite(prefix: str, values: Mapping[str, Any] | None) -> Iterator[tuple[str, float]]:
    """The finite numbers among values; none without any."""
    for name, value in (values or {}).items():
        if isinstance(value, int | float) and math.isfinite(value):
            yield f"{prefix}{name}", float(value)
