"""What sets the entries of a comparison apart: the values of their configurations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.serialize import SavedConfig, config_to_dict, without_keys
from graphrec_cli.results.comparison.entries import SEEDS, WITHOUT_EFFECT, ComparedRun
from graphrec_cli.rundir.config_fingerprint import IGNORED_KEYS, MACHINE
from graphrec_cli.terminal_text import counted

UNUSED = "-"
"""Stands for the value of a key that an entry does not use."""
_OF_TRAINING = {"loss", "sampler", "trainer"}
"""Groups that a model which is not trained does not use."""
_MOST_KEYS = 5
DRAWN = ("dataset", "split")
"""Groups that may be drawn at random."""


def differing_values(
    groups: Sequence[Sequence[ComparedRun]], *, apart: bool
) -> tuple[list[str], list[dict[str, str]]]:
    """The keys whose values differ between entries, and the values of each entry.

    A component counts as the value of its group. A key of a component counts where two entries that
    have it differ.

    Args:
        groups: the runs of each entry.
        apart: whether every run is an entry, so that seeds are values as well.
    """
    of_entries = [_values(group[0].source, apart=apart) for group in groups]
    names = dict.fromkeys(name for values in of_entries for name in values)
    keys = [
        name for name in names if len({values[name] for values in of_entries if name in values}) > 1
    ]
    return keys, [{key: values.get(key, UNUSED) for key in keys} for values in of_entries]


def describe_entry(run: ComparedRun, values: Mapping[str, str]) -> str:
    """A short text for an entry, such as ``lightgcn, sampler=hardneg``."""
    if not isinstance(run.source, SavedConfig):
        return run.source.name
    differing = [
        f"{key}={value}" for key, value in values.items() if key != "model" and value != UNUSED
    ]
    return ", ".join([run.source.config.model.name, *differing])


def describe_difference(run: ComparedRun, other: ComparedRun) -> str:
    """Why two runs have different splits, as far as their configurations say."""
    sources = (run.source, other.source)
    if not all(isinstance(source, SavedConfig) for source in sources):
        return f"split hashes {run.split_hash[:12]} and {other.split_hash[:12]}"
    ours, theirs = (_values(source, apart=True) for source in sources)
    keys = [key for key in ours | theirs if key.partition(".")[0] in DRAWN]
    # Without a seed of their own, data and splits are drawn with that of the run.
    if "null" in {values.get(f"{group}.seed") for values in (ours, theirs) for group in DRAWN}:
        keys.append("seed")
    differing = [
        f"{key}={ours.get(key, UNUSED)} and {theirs.get(key, UNUSED)}"
        for key in keys
        if ours.get(key) != theirs.get(key)
    ]
    more = len(differing) - _MOST_KEYS
    rest = f" and {counted(more, 'more key')}" if more > 0 else ""
    return ", ".join(differing[:_MOST_KEYS]) + rest or "their data files differ"


def _values(source: object, *, apart: bool) -> dict[str, str]:
    """The values that may tell entries apart, by dotted key."""
    if not isinstance(source, SavedConfig):
        return {}
    ignored = {*IGNORED_KEYS, *MACHINE, *WITHOUT_EFFECT, "schema_version", "choices", "plugins"}
    if not apart:
        ignored |= set(SEEDS)
    if not source.config.model.learns_from():
        ignored |= _OF_TRAINING
    return dict(_flat(without_keys(config_to_dict(source), ignored), ""))


def _flat(values: Mapping[str, Any], parent: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{parent}{key}.")
        else:
            yield parent.rstrip(".") if key == "name" else f"{parent}{key}", spell_value(value)
