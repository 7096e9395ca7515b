"""A user's option file with the line of every key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError, OmegaConfBaseException

from graphrec_cli.errors import ConfigError


@dataclass(frozen=True, slots=True)
class OptionFile:
    """An option file.

    Attributes:
        path: of the file.
        config_dir: the folder of the user's options.
        values: the content.
        lines: dotted key to the number of its line; entries of ``defaults`` are ``defaults.0``...
        open_keys: full key of every value so far with an interpolation, which is only resolved when
            all is composed, to its file and line.
    """

    path: Path
    config_dir: str
    values: dict[str, Any]
    lines: dict[str, int]
    open_keys: dict[str, str]

    def error(self, key: str, message: object) -> ConfigError:
        """The error for a key of the file, or for its beginning."""
        return ConfigError(f"{self.place(key)}: {message}")

    def place(self, key: str) -> str:
        """The file and the line of a key."""
        return f"{self.path}, line {self.lines.get(key, 1)}"

    @contextmanager
    def located(self, key: str) -> Iterator[None]:
        """Put the place of a key before the errors of the block."""
        try:
            yield
        except ConfigError as error:
            raise self.error(key, error) from error


def read_option_file(path: Path, config_dir: str, open_keys: dict[str, str]) -> OptionFile:
    """Read an option file.

    Raises:
        ConfigError: it is not YAML in UTF-8, has no keys, or an interpolation cannot be read.
    """
    lines: dict[str, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
        lines.update(_lines(yaml.compose(text, Loader=yaml.SafeLoader), ""))
        content = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except GrammarParseError as error:
        raise ConfigError(
            f"{path}, line {lines.get(str(error.full_key), 1)}: {error.full_key} has an "
            "interpolation '${...}' that cannot be read; write its value"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problem = str(error.problem)
        fault = "this is not valid YAML; check indentation, colons and quotes here and above"
        if "\\t" in problem:
            fault = "this is not valid YAML; indent with blanks, not tabs"
        elif "duplicate key" in problem:
            fault = f"{problem.removeprefix('found ')}; remove one"
        raise ConfigError(f"{path}, line {line}: {fault}") from error
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {reason}; save it as YAML in UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}, line 1: an option file has lines 'key: value', not a list")
    values = {str(key): value for key, value in content.items()}
    return OptionFile(path, config_dir, values, lines, open_keys)


def _lines(node: yaml.Node | None, parent: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield f"{parent}{name.value}", name.start_mark.line + 1
            yield from _lines(value, f"{parent}{name.value}.")
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield f"{parent}{place}", value.start_mark.line + 1
