"""Data sets of adjacency lists, each part of the split in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_cli.config.checks import check_distinct, check_folder, check_name
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class AdjacencyListConfig(DatasetConfig):
    """Lines of `user item item ...`, as the LightGCN benchmarks come."""

    name: str = "adjacency_list"
    folder: str = "gowalla"
    """Folder under data_dir that holds the files."""
    train: str = "train.txt"
    """File of the train part."""
    valid: str | None = None
    """File of the valid part; null where there is none."""
    test: str | None = "test.txt"
    """File of the test part; null where there is none."""
    download: bool = True
    """Fetch a missing file from base_url."""
    base_url: str | None = None
    """A missing file is fetched from base_url/folder/file; null fetches nothing."""

    def files(self) -> dict[str, str]:
        """The name of every part that has a file, and the file's name."""
        names = {"train": self.train, "valid": self.valid, "test": self.test}
        return {part: name for part, name in names.items() if name is not None}

    def remote(self, file: str) -> RemoteFileConfig:
        """Where a file is fetched from, if there is a ``base_url``."""
        return RemoteFileConfig(url=f"{self.base_url}/{self.folder}/{file}")

    def __post_init__(self) -> None:
        check_name("dataset", self.name, "adjacency_list")
        check_folder("dataset.folder", self.folder)
        check_distinct("dataset.train, .valid and .test", list(self.files().values()))
        for part, name in self.files().items():
            if not name:
                raise ConfigError(f"dataset.{part} must name a file or be null, got ''")
        if self.base_url is not None:
            RemoteFileConfig(url=self.base_url).check("dataset.base_url")
