"""The folder ``checkpoints/``: the best and the newest checkpoints, and a manifest of digests."""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.errors import DataError, OutputError
from graphrec_cli.storage.atomic import atomic_write, write_json
from graphrec_cli.storage.bounded_json import read_json
from graphrec_cli.training.checkpoints.file import DigestedFile, load_checkpoint

log = logging.getLogger("graphrec")

BEST, LAST, MANIFEST = "best.pt", "last.pt", "manifest.json"


@dataclass(frozen=True, slots=True)
class Written:
    """The manifest's entry for a file.

    Attributes:
        sha256: digest of the file, lower-case hexadecimal.
        size: in bytes.
        epoch: epoch of the checkpoint.
    """

    sha256: str
    size: int
    epoch: int


class CheckpointStore:
    """Writes the checkpoints of a run atomically, and finds the newest intact one.

    The digest of a new file is added to the manifest before the file is renamed into place, and
    older files move to ``last-1.pt``, ``last-2.pt`` and so on. So at every moment an intact
    checkpoint and its digest exist.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        """Start with a folder that has no checkpoints.

        Args:
            keep: number of newest checkpoints to keep, including ``last.pt``.
        """
        self.folder = folder
        self._newest = [LAST, *(f"last-{number}.pt" for number in range(1, keep))]
        self._intact: dict[str, Written] = {}

    def reopen(self) -> None:
        """Find the intact checkpoints that an earlier process wrote."""
        listed = self._listed()
        for name in (BEST, *self._newest):
            path = self.folder / name
            try:
                digest = sha256_of(path) if path.is_file() else ""
            except DataError:  # a file that cannot be read is not intact
                continue
            if digest in listed:
                self._intact[name] = listed[digest]

    def save_best(self, content: dict[str, Any]) -> None:
        """Write ``best.pt``; ``content`` must contain its ``epoch``.

        Raises:
            OutputError: it cannot be written; the old file is unchanged.
        """
        self._save(BEST, content, [BEST])

    def save_last(self, content: dict[str, Any]) -> None:
        """Write ``last.pt`` and move the older ones on; ``content`` must contain its ``epoch``.

        Raises:
            OutputError: it cannot be written; the old files are unchanged.
        """
        self._save(LAST, content, self._newest)

    def load_last(self, device: torch.device) -> dict[str, Any] | None:
        """Load the newest intact checkpoint, None if the folder has none.

        A damaged file is skipped with a warning. Files that match the manifest come first; a file
        that does not is used only if no other can be read and its own zip checksums are correct.

        Raises:
            OutputError: all checkpoints are damaged.
        """
        found = [name for name in self._newest if (self.folder / name).is_file()]
        unknown = [name for name in found if name not in self._intact]
        damaged = [
            f"{self.folder / name} does not match its sha256 in {MANIFEST}" for name in unknown
        ]
        for name in [*(name for name in found if name in self._intact), *unknown]:
            try:
                content = load_checkpoint(self.folder / name, device)
            except OutputError as error:
                self._intact.pop(name, None)
                damaged.append(str(error))
                continue
            for message in damaged:
                log.warning("%s; resuming from %s", message, name)
            return content
        if not found:
            return None
        raise OutputError(
            f"{damaged[-1]}, and no other checkpoint is intact; start again with graphrec train "
            f"--from {self.folder.parent}"
        )

    def _save(self, name: str, content: dict[str, Any], kept: list[str]) -> None:
        def rotate() -> None:
            written = Written(digested.sha256(), digested.size, int(content["epoch"]))
            moves = [(newer, older) for newer, older in _moves(kept) if newer in self._intact]
            after = dict(self._intact)
            for newer, older in moves:
                after[older] = after.pop(newer)
            after[name] = written
            # The replaced files are listed too: after a crash they may still be in place.
            write_json(
                self.folder / MANIFEST,
                {"files": _entries(after), "replaced": _entries(self._intact)},
            )
            for newer, older in moves:
                os.replace(self.folder / newer, self.folder / older)
            self._intact = after

        with atomic_write(self.folder / name, before_replace=rotate) as file:
            digested = DigestedFile(file)
            digested.save(content)

    def _listed(self) -> dict[str, Written]:
        """Read the manifest's entries, by digest."""
        path = self.folder / MANIFEST
        try:
            content = read_json(path)
            if not isinstance(content, dict):
                raise ValueError("expected a JSON object")
            return {
                str(entry["sha256"]): Written(
                    str(entry["sha256"]), int(entry["size"]), int(entry["epoch"])
                )
                for entry in [*content["files"], *content["replaced"]]
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, TypeError) as error:
            log.warning("cannot read %s: %s", path, error)
            return {}


def _entries(table: dict[str, Written]) -> list[dict[str, Any]]:
    return [{"name": name, **asdict(facts)} for name, facts in sorted(table.items())]


def _moves(kept: list[str]) -> list[tuple[str, str]]:
    """Pairs of (file, new name), oldest first: each file gets the name of the next older one."""
    return list(zip(kept[-2::-1], kept[:0:-1], strict=True))
