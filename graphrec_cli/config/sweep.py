"""The jobs of a sweep: every combination of the values, less the words that a job does not use."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType

from graphrec_cli.config.arguments import Arguments, describe_repeated
from graphrec_cli.config.comparable_runs import same_figures, same_floors
from graphrec_cli.config.compose import compose_run, explained
from graphrec_cli.config.fitted_words import FittedWords, fit_words
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.unused import used_values
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import counted

_LISTED = (ValueType.CHOICE_SWEEP, ValueType.SIMPLE_CHOICE_SWEEP, ValueType.RANGE_SWEEP)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep whose jobs have all been checked.

    Attributes:
        jobs: the words of each job; no two are the same.
        configs: the values of each job.
        skipped: a line for each component or value that some words do not apply to, and for words
            that others replace.
        values: the values of each job that are swept, such as those of ``learning_rate`` and
            ``num_layers``, and the loss that its sampler chose where jobs have different ones.
        floors: for each job the first job with the same ``evaluation.floor``, which is solved once
            for both; None without one.
        ranked_with: for each job the first job that it can be ranked with: one with the same data,
            split and metric, whatever the seeds.
    """

    jobs: list[list[str]]
    configs: list[RunConfig]
    skipped: list[str]
    values: list[dict[str, str]]
    floors: list[int | None]
    ranked_with: list[int]


def describe_values(values: Mapping[str, str]) -> str:
    """Values as words, such as ``learning_rate=0.01 num_layers=1``."""
    return " ".join(f"{key}={value}" for key, value in values.items())


def plan_sweep(arguments: Arguments, saved: SavedConfig | None = None) -> Sweep:
    """Expand the words of a sweep into its jobs, and check every one.

    A word that a job does not use is left out of it, if another job uses it. Combinations whose
    runs use the same values become one job.

    Raises:
        ConfigError: a value was refused, a key that all jobs share is swept, or no job uses a word.
    """
    combinations = list(_combinations(arguments.overrides))
    used_words: set[str] = set()
    jobs: dict[str, FittedWords] = {}
    left_out: dict[str, dict[str, None]] = {}
    partly: dict[str, None] = {}
    for words in combinations:
        job = fit_words(replace(arguments, overrides=words), saved)
        for word in words:
            if word in job.used:
                continue
            part = _not_using(word, job.unused, job.config)
            if word in job.kept:
                partly[f"{part} uses nothing of {word} but sampler.by"] = None
            else:
                left_out.setdefault(part, {})[word.lstrip("+").partition("=")[0]] = None
        used_words |= set(job.used)
        jobs.setdefault(repr(used_values(job.config)), job)
    for words in combinations:
        if not used_words.issuperset(words):
            compose_run(replace(arguments, overrides=words), saved)  # raises, with the reason
    skipped = [f"{part} does not use {', '.join(keys)}" for part, keys in left_out.items()]
    skipped += [*partly, *describe_repeated(arguments.overrides)]
    if len(jobs) < len(combinations):
        skipped.append(
            f"{len(combinations)} combinations are {counted(len(jobs), 'different run')}; each "
            "runs once"
        )
    own = [[word for word in job.kept if not word.startswith("hydra")] for job in jobs.values()]
    configs = [job.config for job in jobs.values()]
    values = _with_losses(_swept_values(own, combinations), configs)
    return Sweep(own, configs, skipped, values, same_floors(configs), same_figures(configs))


def _not_using(word: str, unused: Mapping[str, str], config: RunConfig) -> str:
    """The ``key=value`` that leaves a word without effect: the first of the reason, if any."""
    named = re.search(r"[\w.]+=\w+", unused.get(word, ""))
    if named is not None:
        return named[0]
    group = word.lstrip("+").partition(".")[0]
    return f"{group}={getattr(config, group).name}"


def _swept_values(
    jobs: Sequence[Sequence[str]], combinations: Sequence[Sequence[str]]
) -> list[dict[str, str]]:
    """The values of keys that are swept; a key has no group where it is clear without."""
    values: dict[str, set[str]] = {}
    for word in itertools.chain(*combinations):
        key, _, value = word.partition("=")
        values.setdefault(key, set()).add(value)
    swept = {key for key in values if len(values[key]) > 1}
    # ``split.seed`` alone would be read as the run's own ``seed``.
    names = [field.name for field in fields(RunConfig) if field.name not in swept]
    names += [key.rpartition(".")[2] for key in swept]

    def short(key: str) -> str:
        name = key.rpartition(".")[2]
        return name if names.count(name) == 1 else key

    pairs = [[word.partition("=")[::2] for word in job] for job in jobs]
    return [{short(key): value for key, value in job if key in swept} for job in pairs]


def _combinations(overrides: Sequence[str]) -> Iterator[list[str]]:
    with explained(overrides):
        by_key: dict[str, list[str]] = {}
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            if override.is_sweep_override() and override.key_or_group == "output_dir":
                raise ConfigError("output_dir cannot be swept: a sweep has one folder")
            by_key[override.get_key_element()] = _values(override)
    for words in itertools.product(*by_key.values()):
        yield list(words)


def _values(override: Override) -> list[str]:
    """The words of a sweep with one value each; the override itself if it sweeps nothing."""
    if not override.is_sweep_override():
        assert override.input_line is not None
        return [override.input_line]
    if override.value_type not in _LISTED:
        raise ConfigError(
            f"'{override.input_line}' has no values to sweep over; write key=a,b or key=range(a,b)"
        )
    key = override.get_key_element()
    values = list(override.sweep_string_iterator())
    if not values:
        raise ConfigError(f"'{override.input_line}' has no values to sweep over; give at least one")
    return [f"{key}={value}" for value in values]


def _with_losses(
    swept: Sequence[dict[str, str]], configs: Sequence[RunConfig]
) -> list[dict[str, str]]:
    """The values with the loss of each job that is trained, if swept samplers chose several."""
    losses = [config.loss.name if config.model.learns_from() else None for config in configs]
    if any("loss" in values for values in swept) or len({loss for loss in losses if loss}) < 2:
        return list(swept)
    return [
        values | {"loss": loss} if loss else values
        for values, loss in zip(swept, losses, strict=True)
    ]
