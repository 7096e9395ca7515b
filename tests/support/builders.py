"""Helpers of several test folders: a device, words of a tiny run, interactions, calls.

``graphrec_cli`` is imported within the functions: the shape checks hook into its first import, and
for them a conftest.py that imports this module would be too early.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from graphrec_cli.data.interactions import UserItems
    from graphrec_cli.samplers.triples import TripleSampler

CheckDistribution: TypeAlias = Callable[[NDArray[np.int64], ArrayLike], None]
Command: TypeAlias = Callable[..., "Finished"]
CPU = torch.device("cpu")
TINY_DATA = ("dataset.num_users=60", "dataset.num_items=40", "dataset.mean_interactions=8")
TINY_SETTINGS = (
    "trainer.monitor=ndcg@5",
    "evaluation.ks=[5]",
    "num_threads=1",
    "plots=false",
)
TINY = (*TINY_DATA, *TINY_SETTINGS, "trainer.epochs=2")
"""Words of ``graphrec train`` for a run of a few hundredths of a second."""

REAL_DATA = Path(
    os.environ.get("GRAPHREC_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")
)
"""The folder of the published data sets, for tests that read them where they are."""
PATIENCE_S = 900
"""Seconds after which a process is taken to hang; a busy machine has it wait for minutes."""


@dataclass(frozen=True)
class Finished:
    """The result of a command."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def run(self) -> Path:
        """The run directory, or the sweep's folder: the last line on stdout."""
        return self.folder / self.out.splitlines()[-1]


def call(folder: Path, *words: str) -> Finished:
    """Run ``graphrec`` with these words in this process, with ``folder`` as working directory."""
    from graphrec_cli.cli import main

    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = main(list(words))
    return Finished(code, out.getvalue(), err.getvalue(), folder)


def items_of_users(rows: Sequence[Sequence[int]], num_items: int) -> UserItems:
    """Interactions of the first user with the items of the first row, and so on."""
    from graphrec_cli.data.interactions import UserItems

    users = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    items = np.array([item for row in rows for item in row], dtype=np.int64)
    return UserItems.from_pairs(users, items, num_users=len(rows), num_items=num_items)


def expect_a_million_good_draws(sampler: TripleSampler, train: UserItems) -> None:
    """Check a million draws: true positives, true negatives, no cold item and no user 7.

    Args:
        sampler: draws from ``train``.
        train: the ``long_tailed_train`` of tests/samplers.
    """
    has = np.zeros((train.num_users, train.num_items), dtype=bool)
    has[train.user_index(), train.item_index] = True
    drawn = 0
    for users, pos_items, neg_items in sampler.epoch(10, 100_000):
        assert has[users, pos_items].all()
        assert not has[users, neg_items].any()
        assert not torch.isin(neg_items, torch.tensor([0, 100, 199])).any()
        assert not (users == 7).any()
        drawn += len(users)
    assert drawn == 1_000_000
    assert sampler.skipped_users == 1


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes, like a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def needs_real(folder: str) -> pytest.MarkDecorator:
    """Skips a test where this folder of ``REAL_DATA`` is absent."""
    return pytest.mark.skipif(
        not (REAL_DATA / folder).is_dir(),
        reason=f"no {folder} in ../shared/data or GRAPHREC_TEST_DATA",
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content
