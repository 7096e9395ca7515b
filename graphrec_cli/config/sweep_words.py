"""Words of a sweep as a whole, such as ``sweep.resume=latest``; no run has them in its config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec_cli.config.prefixed_words import take_prefixed
from graphrec_cli.errors import ConfigError

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
    values, rest = take_prefixed(words, "sweep", SWEEP_KEYS)
    found = SweepWords(
        resume=values.get("resume"),
        autoresume=_switch("sweep.autoresume", values.get("autoresume", "false")),
        retry_failed=_switch("sweep.retry_failed", values.get("retry_failed", "false")),
        metrics=_names("sweep.metrics", values["metrics"]) if "metrics" in values else (),
        test=_switch("sweep.test", values.get("test", "false")),
    )
    if found.resume == "":
        raise ConfigError("sweep.resume takes the folder of a sweep, or 'latest'")
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
