"""The files of a run directory, with their sizes and what each is."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MOST_FILES = 200
"""More files than a run has; of others, only this many are listed."""

_FOLDERS = ("", "checkpoints", "plots")
_CONTENT = {
    "config.json": "the whole configuration",
    "environment.json": "versions, hardware, digests",
    "status.json": "the state of the run",
    "train.log": "the log",
    "history.jsonl": "a line an epoch",
    "metrics.json": "metrics, baselines, counts",
    "data.npz": "raw ids, titles, the split",
    "funnel.json": "dropped rows, by cause",
    "audit.json": "findings of the leakage audit",
    "quarantine.csv": "lines that could not be read",
    "ranks.npz": "the rank of every test pair",
    "checkpoints/best.pt": "the selected state of the model",
    "checkpoints/last.pt": "the newest state of the training",
    "checkpoints/manifest.json": "digests of the checkpoints",
    "trackers.json": "names of the run in trackers",
    "run.lock": "locked while a process trains here",
    "plots/curves.png": "loss, valid metrics and speed by epoch",
    "plots/test.png": "test metrics beside the baselines",
}
_OLDER = re.compile(r"checkpoints/last-\d+\.pt")


class RunFile(NamedTuple):
    """A file of a run.

    Attributes:
        name: relative to the run directory, with ``/``; it may be any text.
        size: in bytes.
        content: what it is; empty for a file that is not of the run.
    """

    name: str
    size: int
    content: str


def list_files(run: Path) -> list[RunFile]:
    """The files of the run directory, its checkpoints and its plots, in the order of the pages.

    Files that are not of the run come last, by name. Links are not followed.
    """
    sizes: dict[str, int] = {}
    for folder in _FOLDERS:
        if folder and (run / folder).is_symlink():
            continue
        with suppress(OSError), os.scandir(run / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                with suppress(OSError):  # deleted in the meantime
                    if entry.is_file(follow_symlinks=False) and len(sizes) < MOST_FILES:
                        sizes[name] = entry.stat(follow_symlinks=False).st_size
    place: dict[str, float] = {name: number for number, name in enumerate(_CONTENT)}
    place |= {name: place["checkpoints/last.pt"] + 0.5 for name in sizes if _OLDER.fullmatch(name)}
    ordered = sorted(sizes, key=lambda name: (place.get(name, len(place)), name))
    return [RunFile(name, sizes[name], _content(name)) for name in ordered]


def _content(name: str) -> str:
    return "an earlier state" if _OLDER.fullmatch(name) else _CONTENT.get(name, "")
