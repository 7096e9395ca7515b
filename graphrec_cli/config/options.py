"""Where the option files lie, and which options a group has."""

from __future__ import annotations

from pathlib import Path

from graphrec_cli.config.plugins import BUILDERS
from graphrec_cli.errors import ConfigError


def conf_dir() -> Path:
    """The folder of the options: the installed package's own, else the checkout's.

    Raises:
        ConfigError: neither holds a config.yaml.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(f"no conf/config.yaml beside {package}; reinstall graphrec-cli")


def group_options(group: str, config_dir: str | None) -> list[str]:
    """The options of a group in ascending order, the user's own and plugins' among them."""
    folders = [conf_dir(), *([] if config_dir is None else [Path(config_dir)])]
    files = {path.stem for folder in folders for path in (folder / group).glob("*.yaml")}
    return sorted({*files, *BUILDERS.get(group, {})})


def refuse_shadowed_options(config_dir: Path) -> None:
    """Refuse own options that have a built-in's name: Hydra would silently take the built-in.

    Raises:
        ConfigError: naming the file.
    """
    for path in sorted(config_dir.glob("**/*.yaml")):
        if (conf_dir() / path.relative_to(config_dir)).is_file():
            raise ConfigError(f"{path} has the name of a built-in option; give it another")
