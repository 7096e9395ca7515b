"""A small table with titles, its configuration, and what its entry holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport

Make = Callable[[RunConfig], Prepared]


def write_table(folder: Path, num_users: int = 40) -> None:
    """Ratings of six to eleven items by every user, and a title of nearly every item."""
    users = np.repeat(np.arange(num_users), 6 + np.arange(num_users) % 6)
    items = (7 * np.arange(len(users)) + users) % 30
    lines = [f"u{user},i{item},{item % 5 + 1}" for user, item in zip(users, items, strict=True)]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *lines, ""]))
    books = [f'i{item},"Title, {item} é"' for item in range(28)]
    (folder / "books.csv").write_text("\n".join(["item,title", *books, ""]), encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    """Words of a run on the table, with its own cache."""
    write_table(tmp_path)
    return RunConfig(
        dataset=TableConfig(path="ratings.csv", items_path="books.csv"),
        split=LeaveOneOutConfig(),
        data_dir=str(tmp_path),
        cache_dir=str(tmp_path / "cache"),
        output_dir=str(tmp_path / "outputs"),
    )


@pytest.fixture
def files(config: RunConfig) -> FoundFiles:
    """The table's files."""
    return find_files(config)


@pytest.fixture
def prepared(config: RunConfig, files: FoundFiles) -> Prepared:
    """The expected content of the entry."""
    return read_and_split(config, files, DropReport())[1]
