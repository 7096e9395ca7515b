"""Import the module of a plugin, and hash its files."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.errors import ConfigError

MODULE = "graphrec_plugin_"
"""Prefix of the module name of a plugin that is imported from a file."""
ENTRY_POINTS = "graphrec.components"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A loaded plugin, as config.json and environment.json record it.

    Attributes:
        name: the file name without its extension, or the name of the entry point.
        sha256: digest of the module's file, or of all files in its package.
    """

    name: str
    sha256: str


def import_file(path: Path) -> Plugin:
    """Import a Python file, or the folder of a package.

    Raises:
        ConfigError: it is neither.
    """
    file = path / "__init__.py" if path.is_dir() else path
    if file.suffix != ".py" or not file.is_file():
        raise ConfigError(f"--plugin {path} is neither a .py file nor a folder with an __init__.py")
    name = path.resolve().stem
    module_name = f"{MODULE}{name}"
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


def import_entry_point(name: str) -> Plugin:
    """Import the module of an installed entry point; if the entry point is a function, call it.

    Raises:
        ConfigError: no entry point has this name, or several have.
    """
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
