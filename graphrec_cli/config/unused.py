"""Values that the chosen components do not use, so that none is ignored without a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.loss import SoftmaxConfig
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.errors import ConfigError

_WITHOUT_TRAINING = ("monitor", "valid_users", "autoresume")
"""Keys of the trainer that also count for a model that is not trained."""
_FOR_SELECTION = ("patience", "validate_every", "valid_users")

_DEFAULTS: dict[str, object] = {
    "sampler": UniformConfig(by=PositivesBy.interaction),
    "loss": SoftmaxConfig(),
}
"""What ``conf/config.yaml`` chooses in the groups that a model may not use."""

_OWN_NEGATIVES = {
    LearnsFrom.ratings: "takes rated pairs and no negatives",
    LearnsFrom.candidates: "draws its negatives for the whole batch",
}


def sampler_in_use(config: RunConfig) -> str:
    """The name of the sampler that a run uses; ``none`` for a model that is not trained."""
    if not config.model.learns_from():
        return "none"
    return "uniform" if config.loss.learns_from() in _OWN_NEGATIVES else config.sampler.name


def unused_values(config: RunConfig) -> dict[str, str]:
    """The keys and groups that change nothing in a run of ``config``, each with the reason."""
    if not config.model.learns_from():
        why = (
            f"model={config.model.name} is computed in one step, without a sampler, a loss and "
            "an optimizer"
        )
        keys = [field.name for field in fields(config.trainer)]
        unused = [f"trainer.{key}" for key in keys if key not in ("name", *_WITHOUT_TRAINING)]
        found = dict.fromkeys(("sampler", "loss", *unused, *_weight(config)), why)
        why = f"model={config.model.name} is not trained, and only trained models have a floor"
        found |= dict.fromkeys(_floor(config), why)
        return found | _of_components(config, "split", "model")
    found = _of_components(config, "split", "model", "sampler", "loss")
    without_negatives = _without_negatives(config)
    if without_negatives is not None:
        keys = [field.name for field in fields(config.sampler)]
        keys = [key for key in keys if key not in ("name", "by")]
        found |= dict.fromkeys([f"sampler.{key}" for key in keys], without_negatives)
        if not isinstance(config.sampler, UniformConfig):
            found["sampler"] = without_negatives
    if config.sampler.by is not PositivesBy.weight:
        why = f"sampler.by={config.sampler.by.name} does not use weights, sampler.by=weight does"
        found |= dict.fromkeys(_weight(config), why)
    if not has_valid_part(config):
        why = f"this split={config.split.name} has no valid part to select the best epoch on"
        # null is right there: it asks for nothing
        keys = [key for key in _FOR_SELECTION if getattr(config.trainer, key) is not None]
        found |= {f"trainer.{key}": why for key in keys}
        why = f"this split={config.split.name} has no valid part to compare with a floor on"
        found |= dict.fromkeys(_floor(config), why)
    return found


def _without_negatives(config: RunConfig) -> str | None:
    """Why the loss takes no negatives from the sampler; None if it does."""
    reason = _OWN_NEGATIVES.get(config.loss.learns_from())
    by = f"sampler.by={config.sampler.by.name}"
    return reason and f"loss={config.loss.name} {reason}, so it only uses {by}"


def used_values(config: RunConfig) -> dict[str, object]:
    """The values that a run of ``config`` depends on, by full key.

    Runs of the same values are the same run: a sampler whose negatives are not used counts by its
    ``by`` alone. Values that are null are left out, as they ask for nothing.
    """
    unused = {*unused_values(config)}
    if sampler_in_use(config) == "none" or _without_negatives(config) is not None:
        unused |= {"sampler"}
    used: dict[str, object] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if not is_dataclass(value):
            used[field.name] = value
            continue
        for entry in fields(value):
            key = f"{field.name}.{entry.name}"
            by = key == "sampler.by" and config.model.learns_from()
            if by or not {field.name, key} & unused:
                used[key] = getattr(value, entry.name)
    return {key: value for key, value in used.items() if value is not None}


def unused_words(config: RunConfig, words: Sequence[str]) -> dict[str, str]:
    """Those of the ``key=value`` words that change nothing, each with the reason."""
    unused = unused_values(config)
    if "sampler" in unused and not _sets_any(config, _WITHOUT_TRAINING):
        unused["trainer"] = unused["sampler"]
    found = {}
    for word in words:
        key = word.lstrip("+").partition("=")[0]
        group = key.partition(".")[0]
        if key == "sampler.by" and config.model.learns_from():
            continue
        if key in unused:
            found[word] = unused[key]
        elif group in unused and group != "trainer":
            found[word] = unused[group]
    return found


def refuse_unused_words(config: RunConfig, words: Sequence[str]) -> None:
    """Refuse words that change nothing.

    Raises:
        ConfigError: naming all words with the first reason, and the reason.
    """
    found = unused_words(config, words)
    if found:
        why = next(iter(found.values()))
        same = [word for word, reason in found.items() if reason == why]
        verb, them = ("has", "it") if len(same) == 1 else ("have", "them")
        way_out = f"remove {them}"
        if why == _without_negatives(config):
            if any(word.startswith("sampler=") for word in same):
                way_out = f"write sampler.by={config.sampler.by.name} instead"
            if LearnsFrom.triples in config.model.learns_from():
                way_out += ", or set loss=bpr"
        way_out = f", or {way_out}" if "; set " in why else f"; {way_out}"
        raise ConfigError(f"{' '.join(same)} {verb} no effect: {why}{way_out}")


def describe_unused(config: RunConfig) -> list[str]:
    """A line for each reason that values other than the defaults change nothing."""
    by_reason: dict[str, list[str]] = {}
    for key, why in unused_values(config).items():
        value = _differing(config, key)
        if value is not None:
            by_reason.setdefault(why, []).append(value)
    return [f"{why}; not used: {', '.join(values)}" for why, values in by_reason.items()]


def _differing(config: RunConfig, key: str) -> str | None:
    """``key=value`` if the value is not the default one."""
    group, _, name = key.partition(".")
    component = getattr(config, group)
    if not name:
        return None if component == _DEFAULTS[group] else f"{group}={component.name}"
    value = getattr(component, name)
    field = next(field for field in fields(component) if field.name == name)
    factory = field.default_factory
    default = field.default if factory is MISSING else factory()
    return None if value == default else f"{key}={spell_value(value)}"


def _of_components(config: RunConfig, *groups: str) -> dict[str, str]:
    return {
        f"{group}.{key}": why
        for group in groups
        for key, why in getattr(config, group).unused_keys().items()
    }


def _weight(config: RunConfig) -> list[str]:
    """The key that names a column of weights, if it is set."""
    is_set = isinstance(config.dataset, TableConfig) and config.dataset.weight is not None
    return ["dataset.weight"] if is_set else []


def _floor(config: RunConfig) -> list[str]:
    """The key that asks for a floor, if it is set."""
    evaluation = config.evaluation
    is_set = isinstance(evaluation, RankingConfig) and evaluation.floor is not None
    return ["evaluation.floor"] if is_set else []


def wants_floor(config: RunConfig) -> bool:
    """Whether a run compares its model with closed forms, given a valid part."""
    return bool(_floor(config)) and "evaluation.floor" not in unused_values(config)


def has_valid_part(config: RunConfig) -> bool:
    """False if the keys say that there is none; a published split may have one."""
    dataset = config.dataset
    if isinstance(dataset, TableConfig) and dataset.test_path is not None:
        return dataset.valid_path is not None
    if getattr(config.split, "valid_from", None) is not None:
        return True
    return 0 not in (getattr(config.split, "valid", 1), getattr(config.split, "valid_ratio", 1))


def _sets_any(config: RunConfig, names: Sequence[str]) -> bool:
    default = type(config.trainer)()
    return any(getattr(config.trainer, name) != getattr(default, name) for name in names)
