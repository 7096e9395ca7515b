"""Find the option files, list the options of a group, and read what an option sets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from graphrec_cli.config.plugins import BUILDERS
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Option:
    """What a file such as conf/trainer/default.yaml sets.

    Attributes:
        component: the class of the group that holds the values; None for an experiment.
        values: the values that differ from the class's defaults.
        selects: for an experiment, group to the option that it chooses.
        chooses_other: whether a sampler or a loss may choose an option of another group.
    """

    component: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    selects: dict[str, str] = field(default_factory=dict)
    chooses_other: bool = True


@cache
def conf_dir() -> Path:
    """The folder of the options: the installed package's own, else the checkout's.

    Raises:
        ConfigError: neither contains a config.yaml.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(f"no conf/config.yaml in or next to {package}; reinstall graphrec-cli")


def group_options(group: str, config_dir: str | None) -> list[str]:
    """The options of a group in ascending order, with those of the user and of plugins."""
    folders = [conf_dir(), *([] if config_dir is None else [Path(config_dir)])]
    files = {path.stem for folder in folders for path in (folder / group).glob("*.yaml")}
    return sorted({*files, *BUILDERS.get(group, {})})


def option_file(group: str, name: str, config_dir: str | None) -> Path:
    """The file of an option, built in or in the user's own folder."""
    built_in = conf_dir() / group / f"{name}.yaml"
    if config_dir is None or built_in.is_file():
        return built_in
    return Path(config_dir) / group / f"{name}.yaml"


def is_from_plugin(group: str, name: str, config_dir: str | None) -> bool:
    """Whether a plugin registered the option, so that it has no file."""
    return name in BUILDERS.get(group, {}) and not option_file(group, name, config_dir).is_file()


def describe_option(group: str, name: str, config_dir: str | None) -> tuple[str, str]:
    """The experiments that an option belongs to, empty for a general one, and its meaning.

    Both come from the comment at the top of the file, or the docstring of a plugin's class.
    ``# For experiment=NAME: MEANING`` marks an option that was made for one recipe.
    """
    if is_from_plugin(group, name, config_dir):
        return "", " ".join((SCHEMAS[group][name].__doc__ or "").partition("\n\n")[0].split())
    path = option_file(group, name, config_dir)
    comment = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            comment.append(line.lstrip("# "))
    text = " ".join(comment)
    recipe = re.match("For experiment=([^:]+): (.*)", text)
    return (recipe[1], recipe[2]) if recipe else ("", text)


def read_option(group: str, name: str, config_dir: str | None) -> Option:
    """What an option sets, together with the options of its group that it starts from.

    Raises:
        ConfigError: the file cannot be read.
    """
    if is_from_plugin(group, name, config_dir):
        return Option(component=name)
    path = option_file(group, name, config_dir)
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except Exception as error:
        line = " ".join(str(error).split())
        raise ConfigError(f"cannot read {path}: {line}") from error
    own = content if isinstance(content, dict) else {}
    option = Option()
    for entry in own.get("defaults", []):
        if isinstance(entry, dict):
            for key, value in entry.items():
                option.selects[str(key).removeprefix("override /")] = str(value)
        elif entry.startswith("/schema/"):
            component = entry.rpartition("/")[2].removesuffix("@_here_")
            option = Option(component=component, chooses_other="/values/" not in entry)
        elif entry.endswith("@_here_"):
            option = read_option(group, entry.removesuffix("@_here_"), config_dir)
    values = {str(key): value for key, value in own.items() if key != "defaults"}
    merged: Any = OmegaConf.to_container(OmegaConf.merge(option.values, values))
    return replace(option, values=merged)


def refuse_shadowed_options(config_dir: Path) -> None:
    """Refuse own options that have a built-in's name: Hydra would silently take the built-in.

    Raises:
        ConfigError: naming the file.
    """
    for path in sorted(config_dir.glob("**/*.yaml")):
        if (conf_dir() / path.relative_to(config_dir)).is_file():
            raise ConfigError(f"{path} has the name of a built-in option; rename it")
