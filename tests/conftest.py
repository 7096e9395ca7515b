"""What every test shares: threads, hypothesis settings, a clean environment and the gpu marker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from forker import Forker
from hypothesis import HealthCheck, settings

# Importing graphrec_cli here would be too early: the shape checks hook into its import.

# One thread a process when pytest-xdist already fills the cores with processes.
torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)

# Times on a shared machine say nothing about the code, so no example fails for being slow.
settings.register_profile(
    "graphrec",
    deadline=None,
    max_examples=50,
    derandomize="CI" in os.environ,
    print_blob=True,
    # Tests with @given share one folder fixture, which every example overwrites.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("graphrec")


SLOW = ("bench", "hostile", "soak")
"""Folders whose tests are all marked ``slow``."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow folders; skip what is marked ``gpu`` where there is no CUDA device."""
    skip = pytest.mark.skip(reason="no CUDA device")
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in SLOW:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("gpu") is not None and not torch.cuda.is_available():
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the developer's own data, caches and terminal settings out of every test.

    Returns the folder that stands for the user's cache folder.
    """
    cache = tmp_path_factory.mktemp("user-cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRAPHREC_DATA", "NO_COLOR", "FORCE_COLOR", "HYDRA_FULL_ERROR"):
            patch.delenv(name, raising=False)
        patch.setenv("XDG_CACHE_HOME", str(cache))
        yield cache


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """Starts each command in its own process, within milliseconds."""
    forker = Forker()
    yield forker
    forker.close()
