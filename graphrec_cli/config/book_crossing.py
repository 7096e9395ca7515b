"""The Book-Crossing data set, in the layout of its public dump."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from graphrec_cli.config.checks import Between, PathBelow, check_fields
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig

URL = "http://www2.informatik.uni-freiburg.de/~cziegler/BX/BX-CSV-Dump.zip"


@dataclass(kw_only=True, slots=True)
class BookCrossingConfig(DatasetConfig):
    """Book-Crossing: ratings from BX-Book-Ratings.csv, titles from BX-Books.csv."""

    may_have_times: ClassVar[bool] = False
    name: str = "book_crossing"
    folder: Annotated[str, PathBelow("data_dir")] = "book-crossing"
    """Folder under data_dir with the files. It may hold the published zip instead."""
    rating_threshold: Annotated[float | None, Between(0, 10)] = 1.0
    """Ratings of at least this value are positives. In this data set 0 means "not rated"."""
    max_bad_lines: Annotated[float, Between(0, 1)] = 0.01
    """Largest tolerated share of unreadable lines. Up to it they are skipped and counted; above
    it the file is refused."""
    download: bool = True
    """Download the published zip if the ratings are missing."""
    archive: RemoteFileConfig = field(default_factory=lambda: RemoteFileConfig(url=URL))
    """The published zip."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        self.archive.check_zip("dataset.archive")
