"""Any table of interactions: where it lies, how it is written, and what its columns mean."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum

from graphrec_cli.config.checks import check_distinct, check_finite, check_name
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.errors import ConfigError


class Separator(Enum):
    """What parts the fields of a line."""

    comma = ","
    tab = "\t"
    semicolon = ";"
    pipe = "|"
    space = " "


class TimeUnit(Enum):
    """How a table writes its timestamps."""

    auto = "auto"
    """Numbers of seconds, milli- or microseconds by their size; anything else is a date."""
    s = "s"
    ms = "ms"
    us = "us"
    date = "date"
    """ISO dates or times, such as 2024-01-31 or 2024-01-31T18:30:00+01:00; UTC where no zone is."""


@dataclass(kw_only=True, slots=True)
class TableConfig(DatasetConfig):
    """A csv, tsv, parquet or RecBole .inter file, one interaction a row."""

    name: str = "table"
    path: str = ""
    """The file, plain, .gz or .zip; if relative, in the working directory, else in data_dir."""
    user: str | None = None
    """Column of the users; null looks for a common name such as user_id."""
    item: str | None = None
    """Column of the items; null looks for a common name such as item_id, movieId or isbn."""
    rating: str | None = None
    """Column of the ratings; null looks for a common name and does without; '' has none."""
    timestamp: str | None = None
    """Column of the times; null looks for a common name and does without; '' has none."""
    rating_threshold: float | None = None
    """Ratings of at least this value are positives; null makes every row one."""
    time_unit: TimeUnit = TimeUnit.auto
    """How times are written; auto tells seconds, milli- and microseconds and dates apart."""
    separator: Separator | None = None
    """Between the fields; null is a comma, or a tab in .tsv, .tab, .txt, .inter and .item files."""
    quoted: bool = True
    """Whether double quotes may surround a field."""
    encoding: str = "utf-8"
    """Of the text; a byte-order mark is passed over."""
    columns: list[str] | None = None
    """Names of all columns, for a file without a header line; null takes the first line's."""
    items_path: str | None = None
    """A file of the items' titles, written likewise; null has none."""
    items_id: str | None = None
    """Its column of item ids; null looks for the items' column, then for a common name."""
    items_title: str | None = None
    """Its column of titles; null looks for a common name such as title."""

    def positive_threshold(self) -> float | None:
        """Ratings below it are dropped."""
        return self.rating_threshold

    def __post_init__(self) -> None:
        check_name("dataset", self.name, "table")
        if not self.path:
            raise ConfigError("dataset.path must name the table's file: dataset.path=ratings.csv")
        for key in ("user", "item", "items_path", "items_id", "items_title"):
            if getattr(self, key) == "":
                raise ConfigError(f"dataset.{key} must name something or be null, got ''")
        for key in ("items_id", "items_title"):
            if self.items_path is None and getattr(self, key) is not None:
                raise ConfigError(f"dataset.{key} needs a file of titles; set dataset.items_path")
        check_finite("dataset.rating_threshold", self.rating_threshold)
        if self.columns is not None:
            check_distinct("dataset.columns", self.columns)
        try:
            kept = "a,1\n".encode(codecs.lookup(self.encoding).name) == b"a,1\n"
        except (LookupError, ValueError):
            raise ConfigError(
                f"dataset.encoding '{self.encoding}' is unknown; utf-8 and latin-1 are usual"
            ) from None
        if not kept:
            raise ConfigError(
                f"dataset.encoding '{self.encoding}' cannot be read line by line; save the file "
                "as utf-8"
            )
