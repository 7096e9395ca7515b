"""Leave out the words that one job of a sweep does not use."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import component_types, compose_job
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unused import unused_words


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedWords:
    """The words of a job.

    Attributes:
        used: words that change something.
        kept: these, and those that choose a sampler of which only ``by`` is used.
        unused: words of the job's own components that change nothing, with the reason.
        config: the values of the job with the words that are kept.
    """

    used: list[str]
    kept: list[str]
    unused: dict[str, str]
    config: RunConfig


def fit_words(arguments: Arguments, saved: SavedConfig | None) -> FittedWords:
    """Compose a job without the words that it does not use.

    Args:
        arguments: the words of one job; some may belong to components that it does not have.

    Raises:
        ConfigError: a value was refused.
    """
    known = _without_other_components(arguments, saved)
    config = compose_job(replace(arguments, overrides=known), saved).config
    unused = unused_words(config, known)
    used = [word for word in known if word not in unused]
    kept = [word for word in known if word in used or _gives_positives(word, config)]
    if kept != known:
        config = compose_job(replace(arguments, overrides=kept), saved).config
    return FittedWords(used=used, kept=kept, unused=dict(unused), config=config)


def _gives_positives(word: str, config: RunConfig) -> bool:
    """Whether a word chooses a sampler, of which every loss uses ``by``."""
    return word.startswith("sampler=") and bool(config.model.learns_from())


def _without_other_components(job: Arguments, saved: SavedConfig | None) -> list[str]:
    """The words without keys that only other components of their group have."""
    groups = [word for word in job.overrides if word.partition("=")[0] in (*SCHEMAS, "experiment")]
    dotted = [word for word in job.overrides if word.lstrip("+").partition(".")[0] in SCHEMAS]
    if not groups or not dotted:
        return job.overrides
    chosen = component_types(replace(job, overrides=groups), saved)

    def belongs_elsewhere(word: str) -> bool:
        group, _, key = word.lstrip("+").partition("=")[0].partition(".")
        name = key.partition(".")[0]
        if group not in SCHEMAS or not key or name in _field_names(chosen[group]):
            return False
        return any(name in _field_names(schema) for schema in SCHEMAS[group].values())

    return [word for word in job.overrides if not belongs_elsewhere(word)]


def _field_names(schema: type) -> list[str]:
    return [field.name for field in fields(schema)]
