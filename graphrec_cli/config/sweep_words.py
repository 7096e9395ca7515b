"""Words of a sweep as a whole, such as ``sweep.resume=latest``; no run has them in its config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError

_PREFIX = "sweep."
SWEEP_KEYS = ("resume", "autoresume", "retry_failed", "metrics", "test")
"""The keys below ``sweep``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepWords:
    """The values of ``sweep.*``.

    Attributes:
        resume: folder of the sweep to resume, or ``latest``; None starts a new one.
        autoresume: resume the newest sweep of the same runs, if there is one.
        retry_failed: resume failed runs as well.
        metrics: columns of the table; empty for the metric that ranks the runs.
        test: show test metrics of every row, not of the selected one alone.
    """

    resume: str | None = None
    autoresume: bool = False
    retry_failed: bool = False
    metrics: tuple[str, ...] = ()
    test: bool = False


def take_sweep_words(words: Sequence[str]) -> tuple[SweepWords, list[str]]:
    """Split off the words that begin with ``sweep.``; return the other words too.

    Raises:
        ConfigError: an unknown key, a key given twice, or a value that it cannot have.
    """
    found, rest = SweepWords(), []
    given: list[str] = []
    for word in words:
        if not word.startswith(_PREFIX):
            rest.append(word)
            continue
        key, _, value = word.partition("=")
        name = key.removeprefix(_PREFIX)
        if name not in SWEEP_KEYS:
            known = [f"{_PREFIX}{each}" for each in SWEEP_KEYS]
            hint, listed = suggestion(key, known), ", ".join(SWEEP_KEYS)
            raise ConfigError(f"unknown key '{key}'{hint} (keys of sweep: {listed})")
        if name in given:
            raise ConfigError(f"{key} is given twice; give it once")
        given.append(name)
        if name == "resume":
            if not value:
                raise ConfigError(f"{key} takes the folder of a sweep, or 'latest'")
            found = replace(found, resume=value)
        elif name == "metrics":
            found = replace(found, metrics=_names(key, value))
        elif name == "autoresume":
            found = replace(found, autoresume=_switch(key, value))
        elif name == "retry_failed":
            found = replace(found, retry_failed=_switch(key, value))
        else:
            found = replace(found, test=_switch(key, value))
    if found.resume is not None and found.autoresume:
        raise ConfigError(
            "sweep.resume names a sweep and sweep.autoresume looks for one; give one of them"
        )
    if found.retry_failed and found.resume is None and not found.autoresume:
        raise ConfigError(
            "sweep.retry_failed=true needs sweep.resume or sweep.autoresume: a new sweep has no "
            "failed runs"
        )
    return found, rest


def _names(key: str, value: str) -> tuple[str, ...]:
    names = [name.strip() for name in value.removeprefix("[").removesuffix("]").split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise ConfigError(f"{key} takes different metrics, such as ndcg@10,mrr; got '{value}'")
    return tuple(names)


def _switch(key: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ConfigError(f"{key} must be true or false, got '{value}'")
    return value.lower() == "true"
