"""The changes between two configurations, each as words that put it back alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from graphrec_cli.config.comparable_runs import figures_of
from graphrec_cli.config.experiment_file import built_in_option, option_values
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.config.text_values import quote_text
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError

_COMPONENTS = ("model", "loss", "sampler", "trainer")
"""Groups whose changes are put back; the others are what figures are about."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value of a run, and the one that is put back.

    Attributes:
        key: full key; a group for another component with all of its values.
        now: of the run.
        back: of the other configuration.
        words: what puts it back.
    """

    key: str
    now: str
    back: str
    words: list[str]

    def __str__(self) -> str:
        return f"{self.key}={self.back} (now {self.now})"


def changes_between(
    run: SavedConfig, other: SavedConfig | None, groups: Sequence[str] = _COMPONENTS
) -> list[Change]:
    """Every value of a run that another configuration has otherwise.

    Args:
        other: None compares with the options that the run has chosen.
        groups: whose values are compared.

    Raises:
        ConfigError: the configurations are about other data, splits or metrics.
    """
    if other is not None and figures_of(run.config) != figures_of(other.config):
        raise ConfigError(
            "the two runs have other data, another split or another metric, so they cannot be "
            "compared; give a run that shares dataset, split, evaluation, trainer.monitor and "
            "trainer.valid_users"
        )
    changes: list[Change] = []
    for group in groups:
        own = to_plain(getattr(run.config, group))
        if other is None:
            option = built_in_option(group, run.choices.get(group), own["name"] or "trainer")
            theirs = option_values(group, option, own["name"] or "trainer")
        else:
            theirs = to_plain(getattr(other.config, group))
            option = built_in_option(group, other.choices.get(group), theirs["name"] or "trainer")
        if own["name"] != theirs["name"]:
            words = [
                f"{group}={option}",
                *_words(group, option_values(group, option, theirs["name"]), theirs),
            ]
            changes.append(Change(group, str(own["name"]), str(theirs["name"]), words))
            continue
        for key, value in theirs.items():
            if own.get(key) != value:
                name = f"{group}.{key}"
                word = quote_text(f"{name}={spell_value(value)}", sweeps=False)
                changes.append(Change(name, spell_value(own.get(key)), spell_value(value), [word]))
    return changes


def chosen_changes(changes: list[Change], keys: Collection[str]) -> list[Change]:
    """The changes of some keys.

    Raises:
        ConfigError: a key is not changed.
    """
    known = [change.key for change in changes]
    for key in keys:
        if key not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError(
                f"keys: '{key}' is the same in both{suggestion(key, known)} (changed: {listed})"
            )
    return [change for change in changes if change.key in keys]


def _words(group: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        quote_text(f"{group}.{key}={spell_value(value)}", sweeps=False)
        for key, value in after.items()
        if key != "name" and before.get(key) != value
    ]


def refuse_ratings(config: RunConfig) -> None:
    """Refuse runs without a ranking to compare.

    Raises:
        ConfigError: the run predicts ratings.
    """
    if config.evaluation.predicts_ratings():
        raise ConfigError(
            "ablate compares rankings user by user, and this run predicts ratings; compare its "
            "figures in a sweep instead"
        )
