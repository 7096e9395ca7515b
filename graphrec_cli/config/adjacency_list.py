"""Data sets of adjacency lists, one file for each part of a published split."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar

from graphrec_cli.config.checks import Address, Distinct, Folder, PathBelow, check_fields
from graphrec_cli.config.dataset import DatasetConfig, KCoreConfig, RemoteFileConfig, no_k_core
from graphrec_cli.errors import ConfigError

PUBLISHED_URL = "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data"
"""The default address, and what there is to download from it."""
PUBLISHED_FOLDERS = ("gowalla", "yelp2018", "amazon-book", "lastfm")
PUBLISHED_FILES = ("train.txt", "test.txt")


class Lines(Enum):
    """What the numbers of a line are."""

    user_items = "user_items"
    count_items = "count_items"
    """The number of items, then the items; the user's id is the number of the line, from 0."""
    items = "items"
    """The items alone; the user's id is the number of the line, from 0."""


@dataclass(kw_only=True, slots=True)
class AdjacencyListConfig(DatasetConfig):
    """Lines of ``user item item ...``, the format of the LightGCN benchmarks, or without users."""

    may_have_times: ClassVar[bool] = False
    name: str = "adjacency_list"
    k_core: KCoreConfig = field(default_factory=no_k_core)
    folder: Annotated[str, Folder()] = "gowalla"
    """Folder with the files. A relative path is looked up in the working directory, then in
    data_dir."""
    lines: Lines | None = None
    """What the numbers of a line are. user_items: a user and its items. count_items: the number of
    items and the items of the user whose id is the line's number, from 0. items: the same without
    the number. null: user_items, but an error if the lines look like another layout."""
    train: Annotated[str, PathBelow("dataset.folder")] = "train.txt"
    """File of the train part."""
    valid: Annotated[str | None, PathBelow("dataset.folder")] = None
    """File of the valid part; null: no valid part."""
    test: Annotated[str | None, PathBelow("dataset.folder")] = "test.txt"
    """File of the test part; null: no test part, the split makes one."""
    download: bool = True
    """Download missing files from base_url."""
    base_url: Annotated[str | None, Address()] = PUBLISHED_URL
    """Missing files are downloaded from base_url/folder/file; null: no download. From the default
    address only the data sets published there are."""

    def files(self) -> dict[str, str]:
        """Part of the split to the name of its file."""
        names = {"train": self.train, "valid": self.valid, "test": self.test}
        return {part: name for part, name in names.items() if name is not None}

    def remote(self, file: str) -> RemoteFileConfig:
        """Where a file is downloaded from, if there is a ``base_url``."""
        return RemoteFileConfig(url=f"{self.base_url}/{self.folder}/{file}")

    def may_download(self, file: str) -> bool:
        """Whether a file is fetched: a name of the user's own never goes into a public address."""
        if not self.download or self.base_url is None:
            return False
        if self.base_url.rstrip("/") == PUBLISHED_URL:
            return self.folder in PUBLISHED_FOLDERS and file in PUBLISHED_FILES
        return not Path(self.folder).is_absolute() and ".." not in Path(self.folder).parts

    def __post_init__(self) -> None:
        for part, name in self.files().items():
            if not name:
                raise ConfigError(f"dataset.{part} must name a file or be null, got ''")
        check_fields(self, "dataset")
        Distinct().check("dataset.train, .valid and .test", list(self.files().values()))
