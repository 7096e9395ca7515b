"""Write a configuration as an option of ``experiment``."""

from __future__ import annotations

from typing import Any

import yaml

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.own_options import PACKAGE
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.config.store import SCHEMAS

_OF_THE_COMMAND = (
    "output_dir",
    "data_dir",
    "cache_dir",
    "device",
    "num_threads",
    "plots",
    "expected",
)
"""Keys that a new experiment does not set: where files are, the machine, bands of a recipe."""


def experiment_text(config: RunConfig, choices: dict[str, str | None], comment: str) -> str:
    """An option file that chooses the options of a run and sets the values that they do not.

    Args:
        choices: option chosen in each group.
        comment: what the file is, for its first lines.

    Raises:
        ConfigError: an option is not one of this release.
    """
    chosen = {group: option for group, option in choices.items() if group in SCHEMAS and option}
    base = compose_run(sort_arguments([f"{group}={option}" for group, option in chosen.items()]))
    values = _differences(to_plain(base.config), to_plain(config))
    values = {key: value for key, value in values.items() if key not in _OF_THE_COMMAND}
    content: dict[str, Any] = {
        "defaults": [{f"override /{group}": option} for group, option in chosen.items()]
    }
    content["defaults"].append("_self_")
    text = yaml.safe_dump(content | values, sort_keys=False, allow_unicode=True)
    return f"{PACKAGE}\n# {comment}\n{text}"


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The values of ``after`` that differ, nested as they are."""
    found: dict[str, Any] = {}
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            inner = _differences(before[key], value)
            if inner:
                found[key] = inner
        elif key not in before or before[key] != value:
            found[key] = value
    return found
