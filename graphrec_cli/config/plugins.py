"""Plugins: modules named by ``--plugin`` that register components from outside the package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.evaluation import EvaluationConfig
from graphrec_cli.config.loss import LossConfig
from graphrec_cli.config.model import ModelConfig
from graphrec_cli.config.plugin_import import MODULE, Plugin, import_entry_point, import_file
from graphrec_cli.config.sampler import SamplerConfig
from graphrec_cli.config.split import SplitConfig
from graphrec_cli.config.store import SCHEMAS, register_schema, register_schemas
from graphrec_cli.errors import ConfigError

BASES: dict[str, type] = {
    "dataset": DatasetConfig,
    "split": SplitConfig,
    "model": ModelConfig,
    "sampler": SamplerConfig,
    "loss": LossConfig,
    "evaluation": EvaluationConfig,
}
"""The groups that plugins can extend, and the base dataclass of each group's configs."""
BUILDERS: dict[str, dict[str, Any]] = {group: {} for group in BASES}
"""Builders of the registered components, by group and name; ``find_builder`` reads them."""

Builder = TypeVar("Builder")


def find_builder(group: str, table: Mapping[str, Builder], name: str) -> Builder:
    """The builder of a component, from the table or from a plugin."""
    if name in table:
        return table[name]
    registered: Builder = BUILDERS[group][name]
    return registered


@dataclass(slots=True)
class Loaded:
    """The plugins of the running command.

    Attributes:
        names: as given to ``--plugin``.
        accept_changed: accept plugins that have changed since a config was saved.
        plugins: by name.
    """

    names: tuple[str, ...] = ()
    accept_changed: bool = False
    plugins: dict[str, Plugin] = field(default_factory=dict)


LOADED = Loaded()


def recorded_plugins() -> list[dict[str, str]]:
    """The loaded plugins in the format of config.json and environment.json."""
    return [asdict(plugin) for plugin in LOADED.plugins.values()]


def register(group: str, schema: type, builder: Callable[..., object] | object) -> None:
    """Add a component; a plugin calls this when it is imported.

    Args:
        group: ``dataset``, ``split``, ``model``, ``sampler``, ``loss`` or ``evaluation``.
        schema: a dataclass that extends the group's base config (``SamplerConfig`` for a sampler);
            the default of its field ``name`` is the component's name, as in ``sampler=name``.
        builder: the function that ``find_builder`` returns for a component of this group; for a
            data set, a ``Source``.

    Raises:
        ConfigError: the group or the dataclass is not valid, or the name is already used.
    """
    if group not in BASES:
        raise ConfigError(f"plugins cannot register a {group}; use one of {', '.join(BASES)}")
    base = BASES[group]
    if not (is_dataclass(schema) and issubclass(schema, base)):
        raise ConfigError(
            f"{schema!r} is not a dataclass that extends {base.__name__}; make it one"
        )
    (name,) = (field.default for field in fields(schema) if field.name == "name")
    if name is MISSING or not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(
            f"{schema.__name__} needs a default for its field 'name', such as 'my_{group}'"
        )
    if name in SCHEMAS[group]:
        raise ConfigError(f"{group}={name} already exists; give the component another name")
    from hydra.core.config_store import ConfigStore  # slow, and help and completion read BUILDERS

    register_schemas()
    SCHEMAS[group][name] = schema
    BUILDERS[group][name] = builder
    register_schema(group, name, schema)
    ConfigStore.instance().store(
        group=group, name=name, node={"defaults": [f"/schema/{group}/{name}@_here_"]}
    )


@contextmanager
def loaded_plugins(names: Sequence[str], *, accept_changed: bool = False) -> Iterator[None]:
    """Load plugins for the duration of the block; do nothing if they are already loaded.

    Args:
        names: each a Python file, the folder of a package, or the name of an entry point of the
            group ``graphrec.components``.
        accept_changed: accept plugins that have changed since a config was saved.

    Raises:
        ConfigError: a plugin is not found, cannot be imported, or registers nothing.
    """
    if tuple(names) == LOADED.names:
        yield
        return
    modules = set(sys.modules)
    LOADED.names, LOADED.accept_changed = tuple(names), accept_changed
    try:
        for name in names:
            _load(name)
        yield
    finally:
        _forget(set(sys.modules) - modules)


def send_by_value() -> None:
    """Make launchers pickle plugin classes by value, as other processes cannot import them."""
    for library in ("cloudpickle", "joblib.externals.cloudpickle"):
        with suppress(ImportError):
            pickler = importlib.import_module(library)
            for name in LOADED.plugins:
                module = sys.modules.get(f"{MODULE}{name}")
                if module is not None:
                    pickler.register_pickle_by_value(module)


def _forget(new_modules: set[str]) -> None:
    from hydra.core.config_store import ConfigStore

    repo = ConfigStore.instance().repo
    for group, builders in BUILDERS.items():
        for name in builders:
            del SCHEMAS[group][name]
            del repo[group][f"{name}.yaml"], repo["schema"][group][f"{name}.yaml"]
        builders.clear()
    prefixes = tuple(f"{MODULE}{name}" for name in LOADED.plugins)
    for module in new_modules:
        if prefixes and module.startswith(prefixes):
            del sys.modules[module]
    LOADED.names, LOADED.accept_changed = (), False
    LOADED.plugins.clear()


def refuse_other_plugins(recorded: Sequence[Plugin], where: str) -> None:
    """Refuse a saved config whose plugins are not loaded or have changed.

    Args:
        recorded: the plugins that the saved config names; naming a plugin never loads it.
        where: the saved config's file.

    Raises:
        ConfigError: a plugin is missing or has changed; the message names it.
    """
    for plugin in recorded:
        loaded = LOADED.plugins.get(plugin.name)
        if loaded is None:
            raise ConfigError(
                f"{where} needs the plugin '{plugin.name}'; add --plugin with its file or name"
            )
        if loaded.sha256 != plugin.sha256 and not LOADED.accept_changed:
            raise ConfigError(
                f"the plugin '{plugin.name}' has changed since {where} was saved (its sha256 is "
                f"{loaded.sha256[:12]}..., it was {plugin.sha256[:12]}...); restore its files, or "
                "add --plugin-changed=accept"
            )


def _load(name: str) -> None:
    if not name or name.startswith("-"):
        raise ConfigError(
            "--plugin needs a .py file, the folder of a package, or the name of an entry point"
        )
    before = sum(map(len, BUILDERS.values()))
    path = Path(name)
    try:
        plugin = import_file(path) if path.exists() else import_entry_point(name)
    except ConfigError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"--plugin {name} cannot be imported: {type(error).__name__}: {reason} (--debug shows "
            "where)"
        ) from error
    if plugin.name in LOADED.plugins:
        raise ConfigError(f"--plugin: two plugins are named '{plugin.name}'; rename one")
    if sum(map(len, BUILDERS.values())) == before:
        raise ConfigError(f"--plugin {name} registers no component; call register() in it")
    LOADED.plugins[plugin.name] = plugin
