"""What an unfinished run ran on before it was gone on with: kept, compared, and said."""

from __future__ import annotations

import logging
from typing import Any

from graphrec_cli.data_identity import DataIdentity
from graphrec_cli.errors import OutputError
from graphrec_cli.leaves import changes, leaves
from graphrec_cli.rundir import RunDirectory

log = logging.getLogger("graphrec")

SURROUNDINGS = ("graphrec", "python", "packages", "platform", "device", "git")
"""Entries of environment.json that may explain a difference."""

EARLIER = "earlier"
"""The entry that holds the environments before, the newest last."""


def surroundings(environment: dict[str, Any]) -> dict[str, Any]:
    """The entries that may explain a difference, laid flat."""
    return leaves({name: environment.get(name) for name in SURROUNDINGS})


def with_earlier(environment: dict[str, Any], run: RunDirectory) -> dict[str, Any]:
    """``environment`` and, under ``earlier``, those that ``run`` was made on so far.

    What has changed since is said in a warning: the rest of the run may differ in the last bits.
    """
    if not run.environment.is_file():
        return environment
    try:
        before = run.read(run.environment)
    except OutputError as error:
        log.warning("%s; what the run was made on so far is lost", error)
        return environment
    found = changes(surroundings(before), surroundings(environment))
    if found:
        listed = ", ".join(f"{place} {was} -> {now}" for place, (was, now) in found.items())
        log.warning("not as it was: %s; the run may differ from an uninterrupted one", listed)
    earlier = before.pop(EARLIER, [])
    return environment | {EARLIER: [*(earlier if isinstance(earlier, list) else []), before]}


def recorded_identity(environment: dict[str, Any], run: RunDirectory) -> DataIdentity | None:
    """The data and the split of the newest earlier environment that names them, None without one.

    Raises:
        OutputError: they are not of the form that is written.
    """
    for before in reversed(environment.get(EARLIER, [])):
        if isinstance(before, dict) and "split_hash" in before:
            return DataIdentity.from_dict(before, run.environment)
    return None
