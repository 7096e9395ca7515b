"""Environments that a resumed run was trained in before."""

from __future__ import annotations

import logging
from typing import Any

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.nested_diff import Change, diff, flatten

log = logging.getLogger("graphrec")

SURROUNDINGS = (
    "graphrec",
    "python",
    "packages",
    "platform",
    "cpu_capability",
    "num_threads",
    "processes",
    "device",
    "git",
    "plugins",
)
"""Entries of environment.json that may explain a difference."""

EARLIER = "earlier"
"""The entry of environment.json with the earlier environments, newest last."""


def surroundings(environment: dict[str, Any]) -> dict[str, Any]:
    """The entries that may explain a difference, flattened."""
    return flatten({name: environment[name] for name in SURROUNDINGS if name in environment})


def changed_surroundings(was: dict[str, Any], now: dict[str, Any]) -> dict[str, Change]:
    """The differences between all environments of one run and the environment of another."""
    found: dict[str, Change] = {}
    for environment in [*_earlier(was), was]:
        known = {name: value for name, value in now.items() if name in environment}
        found |= diff(surroundings(environment), surroundings(known))
    return found


def with_earlier(environment: dict[str, Any], run: RunDirectory) -> dict[str, Any]:
    """Add the earlier environments of ``run`` to ``environment``, under ``earlier``.

    Changes are logged as a warning, since the rest of the run may differ in the last bits.
    """
    if not run.environment.is_file():
        return environment
    try:
        before = run.read(run.environment)
    except OutputError as error:
        log.warning("%s; the earlier environments of the run are lost", error)
        return environment
    found = changed_surroundings(before, environment)
    if found:
        listed = ", ".join(f"{place} {was} -> {now}" for place, (was, now) in found.items())
        log.warning(
            "the environment has changed: %s; the run may differ from an uninterrupted one", listed
        )
    earlier = _earlier(before)
    newest = {key: value for key, value in before.items() if key != EARLIER}
    # Resuming again in the same environment adds no entry.
    if earlier and surroundings(earlier[-1]) == surroundings(newest):
        newest = earlier.pop() | newest
    return environment | {EARLIER: [*earlier, newest]}


def _earlier(environment: dict[str, Any]) -> list[dict[str, Any]]:
    found = environment.get(EARLIER)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def recorded_identity(environment: dict[str, Any], run: RunDirectory) -> DataIdentity | None:
    """The data and split that the newest earlier environment records; None if none does.

    Raises:
        OutputError: they are malformed.
    """
    for before in reversed(_earlier(environment)):
        if "split_hash" in before:
            return DataIdentity.from_dict(before, run.environment)
    return None
