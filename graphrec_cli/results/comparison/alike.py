"""Refuse runs whose figures cannot be paired user by user."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.errors import ConfigError
from graphrec_cli.results.comparison.entries import WITHOUT_EFFECT, ComparedRun
from graphrec_cli.results.comparison.entry_values import describe_difference


def refuse_ratings(runs: Sequence[ComparedRun]) -> None:
    """Refuse runs without ranks.

    Raises:
        ConfigError: a run predicts ratings, or a plugin evaluates it.
    """
    for run in runs:
        if not isinstance(run.source, SavedConfig):
            continue
        evaluation = run.source.config.evaluation
        if not isinstance(evaluation, RankingConfig):
            raise ConfigError(
                f"{run.directory.path} has evaluation={evaluation.name}, and compare pairs users "
                "by their ranks: rmse and mae are means over pairs, not over users; hold its "
                "metrics.json against those of other runs"
            )


def refuse_other_rules(runs: Sequence[ComparedRun]) -> None:
    """Refuse runs that are ranked in different ways.

    Raises:
        ConfigError: naming two runs and the keys that differ.
    """
    ranked = [run for run in runs if isinstance(run.source, SavedConfig)]
    for run in ranked[1:]:
        ours, theirs = _rules(ranked[0]), _rules(run)
        differing = [key for key in ours | theirs if ours.get(key) != theirs.get(key)]
        if differing:
            listed = ", ".join(f"{key}={ours.get(key)} and {theirs.get(key)}" for key in differing)
            raise _refused(ranked[0], run, f"are ranked in different ways ({listed})")
    for run in runs[1:]:
        if run.map_denominator is not runs[0].map_denominator:
            names = f"{runs[0].map_denominator.name} and {run.map_denominator.name}"
            raise _refused(runs[0], run, f"have different denominators of map ({names})")


def refuse_other_splits(groups: Sequence[Sequence[ComparedRun]]) -> None:
    """Refuse entries that do not have the same splits.

    Raises:
        ConfigError: naming two runs and what differs.
    """
    hashes = [{run.split_hash for run in group} for group in groups]
    for group, own in zip(groups, hashes, strict=True):
        for other, theirs in zip(groups, hashes, strict=True):
            alone = [run for run in group if run.split_hash not in theirs]
            if not alone:
                continue
            # Their own extra run tells more than one that is paired.
            paired_with = next((run for run in other if run.split_hash not in own), other[0])
            what = describe_difference(alone[0], paired_with)
            raise _refused(alone[0], paired_with, f"have different splits ({what})")


def _rules(run: ComparedRun) -> dict[str, str]:
    assert isinstance(run.source, SavedConfig)
    values = to_plain(run.source.config.evaluation)
    keys = {f"evaluation.{key}": spell_value(value) for key, value in values.items()}
    return {key: value for key, value in keys.items() if key not in WITHOUT_EFFECT}


def _refused(run: ComparedRun, other: ComparedRun, what: str) -> ConfigError:
    return ConfigError(
        f"{run.directory.path} and {other.directory.path} {what}, so their users cannot be paired; "
        "compare runs that share dataset, split and evaluation"
    )
