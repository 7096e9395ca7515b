"""Graph recommenders from the command line and from Python: one config, one run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphrec_cli.api.load import load_run
    from graphrec_cli.api.run import Run
    from graphrec_cli.api.train import train

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "load_run", "train"]

if not TYPE_CHECKING:  # else type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import what Python programs call when it is first used: it imports torch."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from graphrec_cli.api.load import load_run
        from graphrec_cli.api.run import Run
        from graphrec_cli.api.train import train

        return {"Run": Run, "load_run": load_run, "train": train}[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
