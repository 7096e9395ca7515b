"""GoodBooks-10k from its files to split and graph, and the peak memory of a whole run on it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from full_size import Size, long_tailed_pairs
from measure import Row, Settings, alternate, at_most, spread
from numpy.typing import NDArray

from graphrec_cli.config.dataset import GoodBooksConfig
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.sources.goodbooks import GOODBOOKS
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.split import Split
from graphrec_cli.graph.adjacency import normalized_adjacency

FOLDER = "goodbooks-10k"
FILES = ("ratings.csv", "to_read.csv")


def preparation_rows(settings: Settings) -> list[Row]:
    """Reading, preprocessing, splitting and the normalized adjacency."""
    case, target = f"{FOLDER}, files to split and graph", "< 10 s"
    with goodbooks_folder(settings) as data_dir:
        if data_dir is None:
            return [skipped(case, target, settings)]
        split = prepare(data_dir)
        (seconds,) = alternate(settings.repeats, lambda: prepare(data_dir))
    size = (
        f"{len(split.users):,} users, {len(split.items):,} items, {split.train.num_pairs:,} train"
    )
    return [
        Row(
            f"{case} ({size})", spread(seconds, ".2f", " s"), "-", "-", target, at_most(seconds, 10)
        )
    ]


def prepare(data_dir: Path) -> Split:
    """The work of a run before training; the graph is built and dropped."""
    config = GoodBooksConfig(download=False)
    source = GOODBOOKS.read(config, data_dir=data_dir, seed=0)
    interactions = preprocess(
        source.table,
        rating_threshold=config.positive_threshold(),
        k_core=config.k_core,
        funnel=source.funnel,
    )
    split = leave_one_out(
        interactions, LeaveOneOutConfig(), rng=np.random.default_rng(7), funnel=source.funnel
    )
    normalized_adjacency(split.train, torch.device("cpu"))
    return split


def memory_rows(settings: Settings) -> list[Row]:
    """``graphrec train`` in its own process; the peak hardly varies, so it runs once.

    Raises:
        CalledProcessError: the run failed; its last lines are on stderr.
    """
    case, target = f"{FOLDER}, peak memory of a whole run (5 steps)", "< 3 GB"
    with goodbooks_folder(settings) as data_dir, tempfile.TemporaryDirectory() as outputs:
        if data_dir is None:
            return [skipped(case, target, settings)]
        command = [
            *(sys.executable, "-m", "graphrec_cli", "train", "dataset=goodbooks"),
            *("sampler=hardneg", "trainer.epochs=1", "trainer.steps_per_epoch=5"),
            *("dataset.download=false", f"num_threads={settings.threads}"),
            f"output_dir={outputs}",
        ]
        measured = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("peak_memory.py")), *command],
            env=os.environ | {"GRAPHREC_DATA": str(data_dir)},
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    gigabytes = [int(measured.stdout) / 1e9]
    ours = f"{gigabytes[0]:.2f} GB"
    return [Row(case, ours, "-", "-", target, at_most(gigabytes, 3))]


@contextmanager
def goodbooks_folder(settings: Settings) -> Iterator[Path | None]:
    """The folder of the data set, generated for ``--quick``; None if it is missing."""
    if not settings.quick:
        folder = settings.data_dir / FOLDER
        complete = all(find_file(folder, name) is not None for name in FILES)
        yield settings.data_dir if complete else None
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / FOLDER
        folder.mkdir()
        users, items = long_tailed_pairs(Size(200, 150, 6_000), np.random.default_rng(8))
        write_csv(folder / "ratings.csv", "user_id,book_id,rating", users, items, 3 + items % 3)
        write_csv(folder / "to_read.csv", "user_id,book_id", users[::9], items[::9])
        yield Path(temporary)


def write_csv(path: Path, header: str, *columns: NDArray[np.int32]) -> None:
    """Whole numbers under a header."""
    np.savetxt(path, np.stack(columns, axis=1), fmt="%d", delimiter=",", header=header, comments="")


def skipped(case: str, target: str, settings: Settings) -> Row:
    """The row of a case without its data."""
    where = f"skipped: no {' and '.join(FILES)} in {settings.data_dir / FOLDER}"
    return Row(case, where, "-", "-", target, "skipped")
