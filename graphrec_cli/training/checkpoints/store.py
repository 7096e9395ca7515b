"""The folder checkpoints/: the best state, the newest states, and digests of what was written."""

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
    """What the manifest says of a file.

    Attributes:
        sha256: digest of its bytes, lower-case hexadecimal.
        size: bytes.
        epoch: of the state that it holds.
    """

    sha256: str
    size: int
    epoch: int


class CheckpointStore:
    """Writes the states of a run, each whole or not at all, and finds the newest sound one.

    A file takes its place after its digest is in the manifest, and the file before it moves to
    ``last-1.pt``, ``last-2.pt`` and so on: at every moment a sound state and its digest are there.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        """Begin in a folder without checkpoints.

        Args:
            keep: newest states that are kept, ``last.pt`` among them.
        """
        self.folder = folder
        self._newest = [LAST, *(f"last-{number}.pt" for number in range(1, keep))]
        self._sound: dict[str, Written] = {}

    def reopen(self) -> None:
        """Take stock of what an earlier process has written here."""
        listed = self._listed()
        for name in (BEST, *self._newest):
            path = self.folder / name
            try:
                digest = sha256_of(path) if path.is_file() else ""
            except DataError:  # it cannot be read, so it is none of the sound ones
                continue
            if digest in listed:
                self._sound[name] = listed[digest]

    def save_best(self, content: dict[str, Any]) -> None:
        """Write ``best.pt``; ``content`` holds the number of its ``epoch``.

        Raises:
            OutputError: it cannot be written; the old file is as it was.
        """
        self._save(BEST, content, [BEST])

    def save_last(self, content: dict[str, Any]) -> None:
        """Write ``last.pt`` and move those before it on; ``content`` holds its ``epoch``.

        Raises:
            OutputError: it cannot be written; the old files are as they were.
        """
        self._save(LAST, content, self._newest)

    def load_last(self, device: torch.device) -> dict[str, Any] | None:
        """The newest sound state, None where none was ever written.

        A damaged file is named in a warning, and the one before it is taken. Where the manifest
        knows none of the files, those are sound whose own checksums hold.

        Raises:
            OutputError: there are files, and all of them are damaged.
        """
        found = [name for name in self._newest if (self.folder / name).is_file()]
        unknown = [name for name in found if name not in self._sound]
        damaged = [f"{self.folder / name} has not the sha256 in {MANIFEST}" for name in unknown]
        for name in [*(name for name in found if name in self._sound), *unknown]:
            try:
                content = load_checkpoint(self.folder / name, device)
            except OutputError as error:
                self._sound.pop(name, None)
                damaged.append(str(error))
                continue
            for message in damaged:
                log.warning("%s; going on from %s", message, name)
            return content
        if not found:
            return None
        raise OutputError(
            f"{damaged[-1]}, and no other checkpoint is sound; graphrec train --from "
            f"{self.folder.parent} makes the run anew"
        )

    def _save(self, name: str, content: dict[str, Any], kept: list[str]) -> None:
        def make_way() -> None:
            written = Written(digested.sha256(), digested.size, int(content["epoch"]))
            moves = [(newer, older) for newer, older in _moves(kept) if newer in self._sound]
            after = dict(self._sound)
            for newer, older in moves:
                after[older] = after.pop(newer)
            after[name] = written
            # What is replaced is listed too: a crash may leave it in its place.
            write_json(
                self.folder / MANIFEST,
                {"files": _entries(after), "replaced": _entries(self._sound)},
            )
            for newer, older in moves:
                os.replace(self.folder / newer, self.folder / older)
            self._sound = after

        with atomic_write(self.folder / name, before_replace=make_way) as file:
            digested = DigestedFile(file)
            digested.save(content)

    def _listed(self) -> dict[str, Written]:
        """Digests in the manifest, and what it says of them."""
        path = self.folder / MANIFEST
        try:
            content = read_json(path)
            if not isinstance(content, dict):
                raise ValueError("expected an object of named entries")
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
    """From the oldest on: each file to the place of the next older one."""
    return list(zip(kept[-2::-1], kept[:0:-1], strict=True))
