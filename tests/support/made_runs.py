"""Run directories made of their small files alone, for lists of runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def config_of(**values: Any) -> dict[str, Any]:
    """What a list reads of a config.json: a run of ``lightgcn`` on ``goodbooks``."""
    content: dict[str, Any] = {
        "choices": {"model": "lightgcn", "dataset": "goodbooks", "split": "leave_one_out"},
        "model": {"name": "lightgcn"},
        "dataset": {"name": "goodbooks"},
        "split": {"name": "leave_one_out", "seed": None},
        "trainer": {"name": "trainer", "monitor": None},
        "evaluation": {"name": "ranking"},
        "seed": 42,
    }
    for group, name in values.items():
        if group in content["choices"]:
            content["choices"][group] = name
            content[group] = {**content[group], "name": name}
        else:
            content[group] = name
    return content


def make_run(
    folder: Path,
    *,
    config: Mapping[str, Any] | None = None,
    state: str = "completed",
    valid: Mapping[str, float] | None = None,
    test: Mapping[str, float] | None = None,
    split_hash: str = "1a2b3c4d" * 8,
    started: int = 1_000_000_000,
) -> Path:
    """Make a run directory; a run that is not completed has one epoch with the valid metrics."""
    folder.mkdir(parents=True)
    status = {"status": state, "error": None, "time": "2026-01-31_12-00-00"}
    files: dict[str, Any] = {
        "config.json": config_of() if config is None else config,
        "environment.json": {"split_hash": split_hash},
        "status.json": status,
    }
    if state == "completed":
        files["metrics.json"] = {"monitor": "ndcg@10", "valid": valid, "test": test}
    elif valid is not None:
        (folder / "history.jsonl").write_text(json.dumps(history_row(1, valid)) + "\n")
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    os.utime(folder / "config.json", (started, started))
    return folder


def history_row(epoch: int, valid: Mapping[str, float] | None) -> dict[str, Any]:
    """A line of history.jsonl."""
    return {
        "epoch": epoch,
        "step": 300 * epoch,
        "loss": 0.7 / epoch,
        "learning_rate": 1e-3,
        "seconds": 2.0,
        "triplets_per_second": 1e6,
        "valid": valid,
    }
