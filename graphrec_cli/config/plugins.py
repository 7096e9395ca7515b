"""Plugins: modules named by ``--plugin`` that register components from outside the package."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.evaluation import EvaluationConfig
from graphrec_cli.config.loss import LossConfig
from graphrec_cli.config.model import ModelConfig
from graphrec_cli.config.sampler import SamplerConfig
from graphrec_cli.config.split import SplitConfig
from graphrec_cli.config.store import SCHEMAS, register_schemas
from graphrec_cli.errors import ConfigError

_MODULE = "graphrec_plugin_"
"""Prefix of the module name of a plugin that was loaded from a file."""
ENTRY_POINTS = "graphrec.components"
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
"""Builders of the registered components, by group and name; ``components.py`` uses them."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A loaded plugin, as config.json and environment.json record it.

    Attributes:
        name: the file name without its extension, or the name of the entry point.
        sha256: digest of the module's file, or of all files in its package.
    """

    name: str
    sha256: str


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
        builder: the function that ``components.py`` calls for a component of this group; for a
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
    store = ConfigStore.instance()
    store.store(group=f"schema/{group}", name=name, node=schema)
    store.store(group=group, name=name, node=schema)


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
                module = sys.modules.get(f"{_MODULE}{name}")
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
    prefixes = tuple(f"{_MODULE}{name}" for name in LOADED.plugins)
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
        plugin = _load_file(path) if path.exists() else _load_entry_point(name)
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


def _load_file(path: Path) -> Plugin:
    file = path / "__init__.py" if path.is_dir() else path
    if file.suffix != ".py" or not file.is_file():
        raise ConfigError(f"--plugin {path} is neither a .py file nor a folder with an __init__.py")
    name = path.resolve().stem
    module_name = f"{_MODULE}{name}"
    spec = importlib.util.spec_from_file_location(
        module_name, file, submodule_search_locations=[str(path)] if path.is_dir() else None
    )
    assert spec is not None
    assert spec.loader is not None
    digest = _digest(path)  # before the code runs, because it could change its own files
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and type hints need their module in sys.modules.
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return Plugin(name, digest)


def _load_entry_point(name: str) -> Plugin:
    from importlib import metadata  # its import takes as long as the rest of --help

    found = tuple(metadata.entry_points(group=ENTRY_POINTS, name=name))
    if len(found) != 1:
        known = sorted(point.name for point in metadata.entry_points(group=ENTRY_POINTS))
        listed = f" (installed: {', '.join(known)})" if known else ""
        raise ConfigError(
            f"--plugin {name} is neither a file nor an installed plugin{listed}; check the name"
        )
    package = found[0].module.partition(".")[0]
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin)
    digest = _digest(file.parent if spec.submodule_search_locations else file)
    registering = found[0].load()
    if callable(registering):
        registering()
    return Plugin(name, digest)


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    files = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path).as_posix()} {len(content)};".encode())
        digest.update(content)
    return digest.hexdigest()
