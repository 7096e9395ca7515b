"""Parse the arguments of a command that takes a run directory, then ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError


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


def sort_run_words(
    command: str, words: Sequence[str], *, own: Sequence[str], overridable: Sequence[str]
) -> RunWords:
    """Parse the words after ``command``.

    Args:
        own: names of the command's own keys, without output_dir.
        overridable: keys of the saved config that may change; ``group.*`` for a whole group.

    Raises:
        ConfigError: no run or several are named, or a key is unknown or given twice.
    """
    # A folder's name may contain an equals sign.
    names = [word for word in words if "=" not in word or _exists(word)]
    known = [*own, *overridable, "output_dir"]
    for word in words:
        name = word.partition("=")[0].lstrip("-").replace("-", "_")
        if word.startswith("--") and not _exists(word):
            hint = f"; write {name}=VALUE" if name in known else suggestion(word, ("--json",))
            raise ConfigError(f"{command} has no flag '{word}'{hint}; see --help")
    if len(names) != 1 or names[0].startswith("-"):
        raise ConfigError(
            f"{command} takes one run directory, or 'latest', then key=value; see --help"
        )
    rest = [word for word in words if word != names[0]]
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
    return RunWords(names[0], output_dir, values, overrides)


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


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # too long for a path, so it is a value
        return False
