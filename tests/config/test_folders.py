"""Folders and files that a configuration may name, and those that it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec_cli.config.adjacency_list import AdjacencyListConfig
from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.config.dataset import DatasetConfig, GoodBooksConfig
from graphrec_cli.config.movielens import (
    MovieLens1MConfig,
    MovieLens100KConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.errors import ConfigError

CLIMBING = ("..", "../x", "a/../../x", "a/..", "/etc", "/")
BELOW = ("x", "a/b", "a..b", "..a", ".")
OF_A_FOLDER: list[Callable[..., DatasetConfig]] = [
    GoodBooksConfig,
    BookCrossingConfig,
    MovieLens100KConfig,
    MovieLens1MConfig,
    MovieLensLatestConfig,
]


@pytest.mark.parametrize("dataset", OF_A_FOLDER)
def test_a_data_sets_folder_stays_below_data_dir(dataset: Callable[..., DatasetConfig]) -> None:
    for folder in BELOW:
        dataset(folder=folder)
    for folder in CLIMBING:
        with pytest.raises(ConfigError, match=r"^dataset\.folder must be a path below data_dir"):
            dataset(folder=folder)
    with pytest.raises(ConfigError, match=r"^dataset\.folder must name a folder, got an empty"):
        dataset(folder="")


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_the_files_of_adjacency_lists_stay_below_their_folder(part: str) -> None:
    def named(name: str) -> AdjacencyListConfig:
        words: dict[str, Any] = {part: name}
        return AdjacencyListConfig(**words)

    named("sub/file.txt")
    for name in CLIMBING:
        with pytest.raises(ConfigError, match=rf"^dataset\.{part} must be a path below dataset.fo"):
            named(name)


def test_the_folder_of_adjacency_lists_may_lie_anywhere_but_nothing_is_written_there() -> None:
    for folder in CLIMBING:
        config = AdjacencyListConfig(folder=folder, base_url="http://127.0.0.1:9/data")
        assert not config.may_download("train.txt")
    for folder in BELOW:
        assert AdjacencyListConfig(folder=folder, base_url="http://127.0.0.1:9").may_download("x")
    with pytest.raises(ConfigError, match=r"^dataset\.folder must name a folder, got an empty"):
        AdjacencyListConfig(folder="")


def test_a_table_of_ones_own_may_lie_anywhere() -> None:
    TableConfig(path="/anywhere/ratings.csv", items_path="../books.csv")


def test_a_cache_lies_outside_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    for folder in ("cache", "../outputs", "outputs_too", "outputs/../cache", str(tmp_path)):
        RunConfig(cache_dir=folder)
    for folder in (
        "outputs",
        "outputs/cache",
        "a/../outputs/b",
        str(tmp_path / "outputs"),
        "./outputs",
    ):
        with pytest.raises(ConfigError, match=r"^cache_dir must not be inside output_dir, got "):
            RunConfig(cache_dir=folder)
    with pytest.raises(ConfigError, match=r"^cache_dir must not be inside output_dir"):
        RunConfig(cache_dir="link/cache", output_dir="runs")
    with pytest.raises(ConfigError, match=r"^cache_dir must name a folder"):
        RunConfig(cache_dir="")
    with pytest.raises(ConfigError, match=r"is not a folder"):
        RunConfig(cache_dir="a\0b")
