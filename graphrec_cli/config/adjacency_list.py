"""Data sets of adjacency lists, one file for each part of a published split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from graphrec_cli.config.checks import Address, Distinct, PathBelow, check_fields
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class AdjacencyListConfig(DatasetConfig):
    """Lines of ``user item item ...``, the format of the LightGCN benchmarks."""

    name: str = "adjacency_list"
    folder: Annotated[str, PathBelow("data_dir")] = "gowalla"
    """Folder under data_dir with the files."""
    train: Annotated[str, PathBelow("dataset.folder")] = "train.txt"
    """File of the train part."""
    valid: Annotated[str | None, PathBelow("dataset.folder")] = None
    """File of the valid part; null: no valid part."""
    test: Annotated[str | None, PathBelow("dataset.folder")] = "test.txt"
    """File of the test part; null: no test part."""
    download: bool = True
    """Download missing files from base_url."""
    base_url: Annotated[str | None, Address()] = None
    """Missing files are downloaded from base_url/folder/file; null: no download."""

    def files(self) -> dict[str, str]:
        """Part of the split to the name of its file."""
        names = {"train": self.train, "valid": self.valid, "test": self.test}
        return {part: name for part, name in names.items() if name is not None}

    def remote(self, file: str) -> RemoteFileConfig:
        """Where a file is downloaded from, if there is a ``base_url``."""
        return RemoteFileConfig(url=f"{self.base_url}/{self.folder}/{file}")

    def __post_init__(self) -> None:
        for part, name in self.files().items():
            if not name:
                raise ConfigError(f"dataset.{part} must name a file or be null, got ''")
        check_fields(self, "dataset")
        Distinct().check("dataset.train, .valid and .test", list(self.files().values()))
