"""Write a configuration as an option of ``experiment``."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from graphrec_cli.config.options import conf_dir, option_file, read_option
from graphrec_cli.config.own_options import PACKAGE
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.config.store import SCHEMAS

OF_THE_COMMAND = (
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
    """An option file that chooses built-in options, and sets the values that they do not.

    Args:
        choices: option chosen in each group; one that is not built in is replaced by one of the
            same component.
        comment: what the file is, for its first lines.
    """
    plain = to_plain(config)
    before = _defaults(RunConfig)
    defaults: list[Any] = []
    for group, components in SCHEMAS.items():
        component = getattr(config, group).name or next(iter(components))
        option = built_in_option(group, choices.get(group), component)
        defaults.append({f"override /{group}": option})
        before[group] = option_values(group, option, component)
    values = _differences(before, plain)
    content: dict[str, Any] = {"defaults": [*defaults, "_self_"]}
    content |= {key: value for key, value in values.items() if key not in OF_THE_COMMAND}
    text = OmegaConf.to_yaml(OmegaConf.create(content))
    return f"{PACKAGE}\n# {comment}\n{text}"


def built_in_option(group: str, chosen: str | None, component: str) -> str:
    """The chosen option if it is built in, else the general one of its component."""
    names = sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
    if chosen in names:
        return chosen
    same = [name for name in names if read_option(group, name, None).component == component]
    if not same:  # of a plugin
        return chosen or component
    return min(same, key=lambda name: len(read_option(group, name, None).values))


def option_values(group: str, option: str, component: str) -> dict[str, Any]:
    """All values of a built-in option, or the defaults of a component without one."""
    defaults = _defaults(SCHEMAS[group][component])
    if not option_file(group, option, None).is_file():
        return defaults
    return defaults | read_option(group, option, None).values


def _defaults(schema: type) -> dict[str, Any]:
    content = OmegaConf.to_container(OmegaConf.structured(schema), enum_to_str=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


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
