"""The cache key: a digest of everything that prepared data depends on."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import fields
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from graphrec_cli import __version__
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig
from graphrec_cli.config.plugins import recorded_plugins
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.config.split import SplitConfig
from graphrec_cli.data.files.files import file_on_disk
from graphrec_cli.data.source import FoundFiles

FORMAT = 2
"""Version of the entries' format; raise it when their files change."""
_PACKAGES = ("numpy", "pandas", "pyarrow")
"""Packages that parse, sort and sample."""
_CODE = ("config", "data", "preparation.py", "system/seeds.py")
"""Modules that turn the files into a split, and the split into an entry."""
_ADDRESSES = ("base_url", "download")
"""Keys that only say where files come from; the files' digests are in the key."""
_SEED = "seed"
"""Key of a component that is replaced by the seed in use, which may be the run's."""


def key_ingredients(config: RunConfig, files: FoundFiles) -> dict[str, Any]:
    """Everything that prepared data depends on, as plain values."""
    digests = {file.path: file for file in files.on_disk}
    plugins = recorded_plugins()
    entries = ((role, path, digests[file_on_disk(path)]) for role, path in files.paths.items())
    return {
        "format": FORMAT,
        "graphrec": __version__,
        "code": _code_digest(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "files": [
            {"role": role, "name": path.name, "sha256": file.sha256, "size": file.size}
            for role, path, file in entries
        ],
        "dataset": _own_values(config.dataset),
        "split": _own_values(config.split),
        "seeds": config.data_seeds(plugins=bool(plugins)),
        "plugins": plugins,
    }


def digest_of(content: object) -> str:
    """SHA-256 of plain values in 64 hexadecimal digits, independent of the order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _own_values(component: DatasetConfig | SplitConfig) -> dict[str, Any]:
    values = {field.name: getattr(component, field.name) for field in fields(component)}
    return {
        name: to_plain(value)
        for name, value in values.items()
        if name not in (*_ADDRESSES, _SEED) and not isinstance(value, RemoteFileConfig)
    }


@cache
def _code_digest() -> str:
    """Digest of the modules: in a checkout the code changes without a new version."""
    package = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for name in _CODE:
        root = package / name
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package).as_posix()} {len(content)};".encode())
            digest.update(content)
    return digest.hexdigest()
