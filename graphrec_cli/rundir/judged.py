"""Read ``judged.json``: lists of another program that were judged on the split of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_json import read_json, refuse_links_out

JUDGED_VERSION = 1
_NAME = "judged.json"
_READ = (_NAME, "data.npz", "ranks.npz", "metrics.json", "environment.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLists:
    """What judged.json says about the lists.

    Attributes:
        name: of the lists.
        split_hash: of the split that they were judged on.
        ks: cut-offs that they were judged at.
        map_denominator: the denominator of map@k.
        monitor: the metric of the run that the split is from.
    """

    name: str
    split_hash: str
    ks: list[int]
    map_denominator: MapDenominator
    monitor: str


def is_judged(path: Path) -> bool:
    """Whether a folder has lists that were judged."""
    return (path / _NAME).is_file()


def read_judged(path: Path) -> JudgedLists:
    """Read the judged.json of a folder, which may come from somebody else.

    Raises:
        ConfigError: a link in the folder points outside.
        OutputError: the file is missing or malformed.
    """
    file = path / _NAME
    refuse_links_out(path, [path / name for name in _READ])
    try:
        content = read_json(file)
    except OSError as error:
        raise OutputError(f"cannot read {file}: {error.strerror or error}") from error
    except ValueError as error:
        raise OutputError(f"cannot read {file}: {error}") from error
    if not isinstance(content, dict) or content.get("schema_version") != JUDGED_VERSION:
        raise OutputError(f"cannot read {file}: expected an object of schema_version 1")
    for key in ("name", "split_hash", "monitor"):
        if not isinstance(content.get(key), str):
            raise OutputError(f"cannot read {file}: '{key}' must be a string")
    ks = content.get("ks")
    if not isinstance(ks, list) or not ks or not all(type(k) is int and k > 0 for k in ks):
        raise OutputError(f"cannot read {file}: 'ks' must be a list of numbers above 0")
    denominator = content.get("map_denominator")
    names = [member.name for member in MapDenominator]
    if denominator not in names:
        raise OutputError(f"cannot read {file}: 'map_denominator' must be {' or '.join(names)}")
    return JudgedLists(
        name=content["name"],
        split_hash=content["split_hash"],
        ks=ks,
        map_denominator=MapDenominator[denominator],
        monitor=content["monitor"],
    )
