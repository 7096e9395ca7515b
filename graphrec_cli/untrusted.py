"""Reading what somebody else may have made: no links out of a folder, no file that has no end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from graphrec_cli.errors import ConfigError

MAX_JSON_BYTES = 64 * 2**20
"""A JSON file larger than this is none of ours."""


def refuse_links_out(folder: Path, entries: Iterable[Path]) -> None:
    """Refuse entries of ``folder`` that lie elsewhere, or whose reading need not end.

    Args:
        folder: a link itself, or not.
        entries: paths below it, whether or not they exist.

    Raises:
        ConfigError: naming the first link that leads out of the folder, or the first entry that is
            neither a file nor a folder.
    """
    home = folder.resolve()
    for entry in entries:
        try:
            target = entry.resolve()
            plain = entry.is_file() or entry.is_dir() or not (entry.exists() or entry.is_symlink())
        except (OSError, RuntimeError):  # a link that leads back to itself
            target, plain = entry, False
        if not target.is_relative_to(home):
            raise ConfigError(
                f"{entry} is a link out of the run directory, which is not followed; put the file "
                "itself there"
            )
        if not plain:
            raise ConfigError(f"{entry} is no plain file or folder; a run directory has no other")


def read_json(path: Path) -> object:
    """The content of a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or is no JSON.
    """
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise ValueError(f"{size:,} bytes are more than such a file has")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")
