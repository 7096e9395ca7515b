"""The words ``logger=...``: which trackers follow a run. No run has them in its config."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

from graphrec_cli.config.addresses import VARIABLE, refuse_password, resolved
from graphrec_cli.config.checks import Between, check_fields
from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.unknown import suggestion, unknown_option
from graphrec_cli.errors import ConfigError

KEY = "logger"
NEEDS = {
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "sqlalchemy", "alembic", "sqlparse"),
    "wandb": ("wandb",),
}
"""Tracker, which is also its extra, to the modules that it needs."""
_KEEP_FILES = ("mlflow", "wandb")


class Artifacts(Enum):
    """Which files of a run directory a tracker gets."""

    none = "none"
    small = "small"
    all = "all"


class WandbMode(Enum):
    """Where Weights & Biases writes."""

    offline = "offline"
    online = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowConfig:
    """The values of ``logger.mlflow``."""

    uri: str | None = None
    """Address of a tracking server or a database; env://NAME takes it from a variable; null:
    mlflow.db in output_dir."""
    experiment: str = "graphrec"
    """Experiment that the run belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WandbConfig:
    """The values of ``logger.wandb``."""

    mode: WandbMode = WandbMode.offline
    """offline writes into the run directory, for wandb sync; online sends as well, and needs the
    variable WANDB_API_KEY."""
    project: str = "graphrec"
    """Project that the run belongs to."""
    entity: str | None = None
    """User or team that the project belongs to; null: the default of the API key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerConfig:
    """The values of ``logger``."""

    artifacts: Artifacts = Artifacts.small
    """Files that mlflow and wandb get. small: the JSON files, the history and the log; all: also
    ranks.npz, data.npz and best.pt."""
    timeout: Annotated[float, Between(0, 86_400)] = 30.0
    """Seconds that the end of a run waits for its trackers."""
    mlflow: MlflowConfig = field(default_factory=MlflowConfig)
    """MLflow."""
    wandb: WandbConfig = field(default_factory=WandbConfig)
    """Weights & Biases."""

    def __post_init__(self) -> None:
        check_fields(self, KEY)


@dataclass(frozen=True, slots=True)
class Trackers:
    """The trackers that a command names.

    Attributes:
        names: keys of ``NEEDS``.
        settings: their values.
        words: as typed, for other processes of the command.
    """

    names: tuple[str, ...] = ()
    settings: LoggerConfig = field(default_factory=LoggerConfig)
    words: tuple[str, ...] = ()

    def refuse_unusable(self) -> None:
        """Refuse a tracker that cannot start here.

        Raises:
            ConfigError: its packages are not installed, or a variable is not set.
        """
        for name in self.names:
            if not all(map(_is_installed, NEEDS[name])):
                raise ConfigError(
                    f"{KEY}={name} needs a package that is not installed; run "
                    f"pip install 'graphrec-cli[{name}]'"
                )
        if self.settings.mlflow.uri is not None:
            resolved(self.settings.mlflow.uri, f"{KEY}.mlflow.uri")
        online = self.settings.wandb.mode is WandbMode.online
        if online and not os.environ.get("WANDB_API_KEY"):
            raise ConfigError(
                f"{KEY}.wandb.mode=online needs an API key in the variable WANDB_API_KEY"
            )


NO_TRACKERS = Trackers()


def take_tracker_words(words: Sequence[str]) -> tuple[Trackers, list[str]]:
    """Split off the words ``logger=...`` and ``logger.key=...``; return the other words too.

    Raises:
        ConfigError: an unknown tracker or key, a key given twice, a value that it cannot have, one
            that no chosen tracker uses, or an address with a password.
    """
    own = [word for word in words if _belongs(word)]
    rest = [word for word in words if word not in own]
    values: dict[str, str] = {}
    for word in own:
        key, _, value = word.lstrip("+").partition("=")
        if key in values:
            raise ConfigError(f"{key} is given twice; give it once")
        values[key] = value.strip("'\"")
    names = _names(values.pop(KEY, "null"))
    known = [key.name for key in list_keys(LoggerConfig, KEY)]
    for key in values:
        if key not in known:
            listed = ", ".join(known)
            raise ConfigError(f"unknown key '{key}'{suggestion(key, known)} (keys: {listed})")
        _refuse_unused(key, names)
    uri = _optional(values.get(f"{KEY}.mlflow.uri"))
    if uri is not None and not uri.startswith(VARIABLE):
        refuse_password(
            uri,
            f"{KEY}.mlflow.uri",
            example="http://HOST:5000 or sqlite:///FILE",
            instead="the variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        )
    settings = LoggerConfig(
        artifacts=_choice(values, f"{KEY}.artifacts", LoggerConfig().artifacts),
        timeout=_seconds(values, f"{KEY}.timeout", LoggerConfig().timeout),
        mlflow=MlflowConfig(
            uri=uri, experiment=_text(values, f"{KEY}.mlflow.experiment", MlflowConfig().experiment)
        ),
        wandb=WandbConfig(
            mode=_choice(values, f"{KEY}.wandb.mode", WandbConfig().mode),
            project=_text(values, f"{KEY}.wandb.project", WandbConfig().project),
            entity=_optional(values.get(f"{KEY}.wandb.entity")),
        ),
    )
    return Trackers(names, settings, tuple(own)), rest


def _belongs(word: str) -> bool:
    key, equals, _ = word.lstrip("+").partition("=")
    return bool(equals) and (key == KEY or key.startswith(f"{KEY}."))


def _names(value: str) -> tuple[str, ...]:
    if value.lower() in ("null", "none"):
        return ()
    bare = value.removeprefix("[").removesuffix("]")
    names = [name.strip().strip("'\"") for name in bare.split(",")]
    for name in names:
        if name not in NEEDS:
            raise unknown_option(KEY, name, [*NEEDS])
    if len(set(names)) < len(names):
        raise ConfigError(f"{KEY}={value} names a tracker twice; name it once")
    return tuple(names)


def _refuse_unused(key: str, names: Sequence[str]) -> None:
    """Refuse a value that no chosen tracker uses."""
    users: Sequence[str] = [*NEEDS]
    if key == f"{KEY}.artifacts":
        users = _KEEP_FILES
    elif key != f"{KEY}.timeout":
        users = [key.split(".")[1]]
    if not set(users) & set(names):
        needed = " or ".join(f"{KEY}={name}" for name in users)
        raise ConfigError(f"{key} has no effect without {needed}")


def _optional(value: str | None) -> str | None:
    return None if value in (None, "", "null") else value


def _text(values: dict[str, str], key: str, default: str) -> str:
    value = values.get(key, default)
    if not value.strip():
        raise ConfigError(f"{key} must not be empty")
    return value


def _choice(values: dict[str, str], key: str, default: Any) -> Any:
    if key not in values:
        return default
    names = [member.name for member in type(default)]
    if values[key] not in names:
        hint = suggestion(values[key], names)
        raise ConfigError(f"{key} must be one of {', '.join(names)}, got '{values[key]}'{hint}")
    return type(default)[values[key]]


def _seconds(values: dict[str, str], key: str, default: float) -> float:
    try:
        return float(values.get(key, default))
    except ValueError:
        raise ConfigError(f"{key} must be a number of seconds, got '{values[key]}'") from None


def _is_installed(module: str) -> bool:
    """Whether a package can be imported; a folder of its name in the working directory is none."""
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None
