"""Make a class of this package a Hydra plugin: Hydra instantiates none from elsewhere."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from hydra.core.plugins import Plugins

_ROOM = "hydra_plugins"


def register_plugin(plugin: type[Any], name: str) -> None:
    """Let ``_target_: hydra_plugins.NAME.CLASS`` stand for a class.

    Args:
        name: of a module that only exists in memory.
    """
    if _ROOM not in sys.modules and find_spec(_ROOM) is None:  # no other plugin is installed
        sys.modules[_ROOM] = ModuleType(_ROOM)
    module: Any = ModuleType(f"{_ROOM}.{name}")
    setattr(module, plugin.__name__, plugin)
    sys.modules[module.__name__] = module
    plugin.__module__ = module.__name__
    Plugins.instance().register(plugin)
