"""The Book-Crossing data set, in the layout of its public dump."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphrec_cli.config.checks import check_between, check_folder, check_name
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig


@dataclass(kw_only=True, slots=True)
class BookCrossingConfig(DatasetConfig):
    """Book-Crossing: BX-Book-Ratings.csv, titles from BX-Books.csv."""

    name: str = "book_crossing"
    folder: str = "book-crossing"
    """Folder under data_dir that holds the files, or the published zip as it is."""
    rating_threshold: float | None = 1.0
    """Ratings of at least this value are positives; 0 means that no rating was given."""
    max_bad_lines: float = 0.01
    """Share of unreadable lines above which the ratings are refused; fewer are left out."""
    download: bool = True
    """Fetch the published zip where BX-Book-Ratings.csv is missing; it is read as it is."""
    archive: RemoteFileConfig = field(default_factory=RemoteFileConfig)

    def positive_threshold(self) -> float | None:
        """Ratings below it are dropped."""
        return self.rating_threshold

    def __post_init__(self) -> None:
        check_name("dataset", self.name, "book_crossing")
        check_folder("dataset.folder", self.folder)
        if self.rating_threshold is not None:
            check_between("dataset.rating_threshold", self.rating_threshold, 0, 10)
        check_between("dataset.max_bad_lines", self.max_bad_lines, 0, 1)
        self.archive.check_zip("dataset.archive")
