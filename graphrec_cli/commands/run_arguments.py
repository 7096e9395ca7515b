"""Parse the arguments of a command that takes run directories, then ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError

LARGEST = 2**63 - 1
"""Largest whole number that numpy and torch hold."""


@dataclass(frozen=True, slots=True)
class RunWords:
    """The parsed arguments.

    Attributes:
        run: a run directory as typed, or ``latest``.
        output_dir: where ``latest`` looks.
        own: the command's own keys, with their values as text.
        overrides: words that change the run's saved config.
    """

    run: str
    output_dir: Path
    own: dict[str, str]
    overrides: list[str]


@dataclass(frozen=True, slots=True)
class NamedWords:
    """The parsed arguments of a command that takes any number of names.

    Attributes:
        names: what is named without ``key=``, as typed: run directories, ``latest``, files.
        output_dir, own, overrides: as in ``RunWords``.
    """

    names: list[str]
    output_dir: Path
    own: dict[str, str]
    overrides: list[str]


def sort_run_words(
    command: str, words: Sequence[str], *, own: Sequence[str], overridable: Sequence[str]
) -> RunWords:
    """Parse the words after a ``command`` that takes one run.

    Args:
        own: names of the command's own keys, without output_dir.
        overridable: keys of the saved config that may change; ``group.*`` for a whole group.

    Raises:
        ConfigError: no run or several are named, or a key is unknown or given twice.
    """
    takes = "one run directory, or 'latest'"
    given = sort_named_words(command, words, own=own, overridable=overridable, takes=takes)
    return RunWords(given.names[0], given.output_dir, given.own, given.overrides)


def sort_named_words(
    command: str,
    words: Sequence[str],
    *,
    own: Sequence[str],
    overridable: Sequence[str] = (),
    takes: str,
    least: int = 1,
    most: int | None = 1,
) -> NamedWords:
    """Parse the words after ``command``: names, then ``key=value``.

    Args:
        own: names of the command's own keys, without output_dir.
        overridable: keys of the saved config that may change; ``group.*`` for a whole group.
        takes: what the names stand for, for the message; empty without names.
        least: smallest number of names.
        most: largest number of names; None for any.

    Raises:
        ConfigError: the number of names is wrong, or a key is unknown or given twice.
    """
    # A folder's name may contain an equals sign.
    names = [word for word in words if "=" not in word or _exists(word)]
    known = [*own, *overridable, "output_dir"]
    for word in words:
        name = word.partition("=")[0].lstrip("-").replace("-", "_")
        if word.startswith("--") and not _exists(word):
            hint = f"; write {name}=VALUE" if name in known else suggestion(word, ("--json",))
            raise ConfigError(f"{command} has no flag '{word}'{hint}; see --help")
    too_many = most is not None and len(names) > most
    if len(names) < least or too_many or any(name.startswith("-") for name in names):
        raise ConfigError(f"{command} takes {f'{takes}, then ' * bool(takes)}key=value; see --help")
    rest = [word for word in words if word not in names]
    for word in rest:
        key = word.partition("=")[0]
        if key not in known and f"{key.partition('.')[0]}.*" not in known:
            hint = suggestion(key, known)
            raise ConfigError(
                f"{command} cannot change '{word}'{hint}; it takes {', '.join(known)}"
            )
    values: dict[str, str] = {}
    overrides: list[str] = []
    for word in rest:
        key, _, value = word.partition("=")
        if key in values:
            raise ConfigError(f"{key} is given twice; name it once")
        if key in own or key == "output_dir":
            values[key] = value
        else:
            overrides.append(word)
    output_dir = Path(values.pop("output_dir", RunConfig().output_dir))
    return NamedWords(names, output_dir, values, overrides)


def one_of(key: str, value: str, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of the choices.

    Raises:
        ConfigError: it is not.
    """
    if value not in choices:
        hint = suggestion(value, choices)
        listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ConfigError(f"{key} must be {listed}, got '{value}'{hint}")
    return value


def whole_number(key: str, text: str, least: int, most: int = LARGEST) -> int:
    """Parse the value of ``key``.

    Raises:
        ConfigError: it is not a whole number in ``least..most``, both included.
    """
    digits = text.isascii() and text.isdigit() and len(text) < 20
    if not (digits and least <= int(text) <= most):
        bounds = f"of at least {least:,}" if most == LARGEST else f"from {least:,} to {most:,}"
        raise ConfigError(f"{key} must be a whole number {bounds}, got '{text}'")
    return int(text)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # too long for a path, so it is a value
        return False
