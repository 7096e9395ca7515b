"""The folder of judged lists: what any tool has recommended, in the files of a run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.storage.atomic import atomic_write, output_errors, write_json
from graphrec_cli.storage.bounded_json import read_json, refuse_links_out

SCHEMA_VERSION = 1
JUDGED = "judged.json"
RANKS = {"test": "ranks.npz", "valid": "ranks_valid.npz"}
"""The file of ranks by part: that of test has the name that it has in a run."""
_OTHERS = ("data.npz", "metrics.json", "environment.json")
_SHA256 = re.compile("[0-9a-f]{64}")
_MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLists:
    """The content of judged.json, and its folder.

    Attributes:
        path: the folder.
        name: of the lists.
        part: ``test`` or ``valid``.
        split_hash: of the split that they are judged on.
        ks: cut-offs of the metrics, ascending.
        map_denominator: divisor of map@k.
        monitor: the metric that ranks first.
        file: ``name``, ``sha256`` and ``size`` of the lists' file.
        run: name of the run whose split it is.
        audit: what was found in the lists.
    """

    path: Path
    name: str
    part: str
    split_hash: str
    ks: list[int]
    map_denominator: MapDenominator
    monitor: str
    file: dict[str, Any]
    run: str
    audit: dict[str, Any]

    @property
    def ranks(self) -> Path:
        """The ranks of the held-out pairs of the part."""
        return self.path / RANKS[self.part]


def make_judged_folder(output_dir: Path, name: str) -> Path:
    """Make a new folder for judged lists.

    Raises:
        ConfigError: it cannot be made.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return make_unique_folder(output_dir, f"{timestamp()}_judged_{plain or 'lists'}")


def write_judged(
    judged: JudgedLists,
    *,
    arrays: dict[str, NDArray[np.generic]],
    metrics: Mapping[str, Any],
    environment: Mapping[str, Any],
    run_data: Path,
) -> None:
    """Write the files of judged lists into their folder; judged.json comes last.

    Args:
        arrays: the content of ranks.npz.
        metrics, environment: the content of metrics.json and environment.json.
        run_data: data.npz of the run, which is copied.

    Raises:
        OutputError: a file cannot be written.
    """
    folder = judged.path
    with (
        output_errors(f"read {run_data}"),
        run_data.open("rb") as source,
        atomic_write(folder / "data.npz") as target,
    ):
        shutil.copyfileobj(source, target)
    save_arrays(judged.ranks, arrays)
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "environment.json", environment)
    write_json(
        folder / JUDGED,
        {
            "schema_version": SCHEMA_VERSION,
            "name": judged.name,
            "part": judged.part,
            "split_hash": judged.split_hash,
            "ks": judged.ks,
            "map_denominator": judged.map_denominator.name,
            "monitor": judged.monitor,
            "file": judged.file,
            "run": judged.run,
            "audit": judged.audit,
        },
    )


def is_judged(path: Path) -> bool:
    """Whether a folder has judged lists."""
    return (path / JUDGED).is_file()


def read_judged(path: Path) -> JudgedLists:
    """Read judged.json of a folder, which may come from somebody else.

    Raises:
        ConfigError: a link in the folder points outside.
        OutputError: the file is missing, malformed or of another version.
    """
    file = path / JUDGED
    refuse_links_out(path, (path / name for name in (JUDGED, *RANKS.values(), *_OTHERS)))
    try:
        content = read_json(file)
        if not isinstance(content, dict):
            raise ValueError("expected a JSON object")
        return _checked(path, content)
    except OSError as error:
        raise OutputError(f"cannot read {file}: {error.strerror or error}") from error
    except ValueError as error:
        raise OutputError(f"cannot read {file}: {error}") from error


def _checked(path: Path, content: dict[str, Any]) -> JudgedLists:
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"'schema_version' must be {SCHEMA_VERSION}")
    texts = {key: content.get(key) for key in ("name", "split_hash", "monitor", "run")}
    for key, text in texts.items():
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_NAME:
            raise ValueError(f"'{key}' must be a text of at most {_MAX_NAME} characters")
    if not _SHA256.fullmatch(str(texts["split_hash"])):
        raise ValueError("'split_hash' must be a SHA-256 digest")
    ks = content.get("ks")
    if not (isinstance(ks, list) and ks and all(type(k) is int and k > 0 for k in ks)):
        raise ValueError("'ks' must be a list of whole numbers of at least 1")
    if content.get("part") not in list(RANKS):
        raise ValueError("'part' must be test or valid")
    if content.get("map_denominator") not in list(MapDenominator.__members__):
        raise ValueError(f"'map_denominator' must be {' or '.join(MapDenominator.__members__)}")
    for key in ("file", "audit"):
        if not isinstance(content.get(key), dict):
            raise ValueError(f"'{key}' must be an object")
    return JudgedLists(
        path=path,
        name=str(texts["name"]),
        part=content["part"],
        split_hash=str(texts["split_hash"]),
        ks=sorted(set(ks)),
        map_denominator=MapDenominator[content["map_denominator"]],
        monitor=str(texts["monitor"]),
        file=content["file"],
        run=str(texts["run"]),
        audit=content["audit"],
    )
