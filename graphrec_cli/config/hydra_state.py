"""Leave Hydra's global state as it was: a notebook may use Hydra for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase


@contextmanager
def hydra_set_aside() -> Iterator[None]:
    """Clear Hydra's global state for the block, and restore it afterwards."""
    hydra, version = GlobalHydra.instance().hydra, VersionBase.instance().version_base
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = hydra
        VersionBase.instance().version_base = version
