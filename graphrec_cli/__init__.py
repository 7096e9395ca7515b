"""Graph recommenders from the command line and from Python: one config, one run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphrec_cli.api.load import load_run
    from graphrec_cli.api.run import Run
    from graphrec_cli.api.train import train

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "load_run", "train"]

_MODULES = {"Run": "api.run", "load_run": "api.load", "train": "api.train"}
"""Where the names come from; they are imported when they are used, because they import torch."""


if not TYPE_CHECKING:  # else type checkers would accept any name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
