"""Any table of interactions: its file, its format and its columns."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated

from graphrec_cli.config.checks import Distinct, Finite, check_fields
from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.errors import ConfigError

TIME_DIRECTIVES = "YymdBbjHIMSfpzZAa"
"""Letters of the strptime directives that a time format may have."""


class Separator(Enum):
    """The character between the fields of a line."""

    comma = ","
    tab = "\t"
    semicolon = ";"
    pipe = "|"
    space = " "


class TimeUnit(Enum):
    """How a table writes its timestamps."""

    auto = "auto"
    """Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, or dates of
    eight digits; anything else is a date."""
    s = "s"
    ms = "ms"
    us = "us"
    ns = "ns"
    date = "date"
    """ISO dates or times, such as 2024-01-31 or 2024-01-31T18:30:00+01:00; UTC without a zone."""


class MissingPolicy(Enum):
    """What to do with a row whose rating or time is empty."""

    error = "error"
    """End with an error that names the line."""
    skip = "skip"
    """Leave the row out and count it in funnel.json."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A strptime format that tells the year."""

    def check(self, key: str, time_format: str) -> None:
        """Refuse a format without directives, with unknown ones, or without a year."""
        probe = datetime(2019, 10, 9, 16, 39, 40, tzinfo=UTC)
        example = f"write one such as %m/%d/%Y or %d.%m.%Y %H:%M, got '{time_format}'"
        found = set(re.findall("%(.?)", time_format.replace("%%", "")))
        unknown = sorted(found - set(TIME_DIRECTIVES))
        if unknown:
            known = " ".join(f"%{letter}" for letter in TIME_DIRECTIVES)
            raise ConfigError(f"{key} has '%{unknown[0]}', which is none of {known}; {example}")
        if not found & {"Y", "y"}:
            raise ConfigError(f"{key} must have a year, %Y or %y; {example}")
        try:
            datetime.strptime(probe.strftime(time_format), time_format)
        except (ValueError, re.error) as error:
            raise ConfigError(f"{key} cannot be read back ({error}); {example}") from error

    def __str__(self) -> str:
        return "a strptime format with a year"


@dataclass(kw_only=True, slots=True)
class TableConfig(DatasetConfig):
    """A csv, tsv, parquet or RecBole .inter file, one interaction per row."""

    name: str = "table"
    path: str = ""
    """The file: plain, .gz or .zip. It is required. A relative path is looked up in the working
    directory, then in data_dir."""
    user: str | None = None
    """Column of user ids; null: a common name such as user_id."""
    item: str | None = None
    """Column of item ids; null: a common name such as item_id, movieId or isbn."""
    rating: str | None = None
    """Column of ratings; null: a common name, if any; '': no ratings."""
    timestamp: str | None = None
    """Column of timestamps; null: a common name, if any; '': no timestamps."""
    rating_threshold: Annotated[float | None, Finite()] = None
    """Ratings of at least this value are positives; null: every row is."""
    time_unit: TimeUnit = TimeUnit.auto
    """Format of the timestamps. s, ms, us, ns: numbers of seconds, milliseconds, microseconds,
    nanoseconds. date: ISO dates or times, UTC without a zone. auto: detected."""
    time_format: Annotated[str | None, TimeFormat()] = None
    """strptime format of the timestamps, such as %m/%d/%Y, UTC without %z; null: time_unit."""
    on_missing: MissingPolicy = MissingPolicy.error
    """A row with an empty rating or timestamp. error: end the run. skip: leave the row out and
    count it."""
    separator: Separator | None = None
    """Character between fields; null: tab in .tsv, .tab, .txt, .inter and .item files, else
    comma."""
    quoted: bool = True
    """Fields may be in double quotes."""
    encoding: str = "utf-8"
    """Text encoding. A byte-order mark is skipped."""
    columns: Annotated[list[str] | None, Distinct()] = None
    """Names of all columns, for a file without a header line; null: the first line has them."""
    items_path: str | None = None
    """File of item titles in the same format; null: no titles."""
    items_id: str | None = None
    """Its column of item ids; null: the name of the item column, then a common name."""
    items_title: str | None = None
    """Its column of titles; null: a common name such as title."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        if not self.path:
            raise ConfigError("dataset.path must name the table's file: dataset.path=ratings.csv")
        for key in ("user", "item", "items_path", "items_id", "items_title"):
            if getattr(self, key) == "":
                raise ConfigError(f"dataset.{key} must name a column or a file, or be null, got ''")
        if self.time_format is not None and self.time_unit is not TimeUnit.auto:
            raise ConfigError(
                f"dataset.time_format and dataset.time_unit={self.time_unit.name} contradict each "
                "other; set one of them"
            )
        for key in ("items_id", "items_title"):
            if self.items_path is None and getattr(self, key) is not None:
                raise ConfigError(f"dataset.{key} needs a file of titles; set dataset.items_path")
        try:
            kept = "a,1\n".encode(codecs.lookup(self.encoding).name) == b"a,1\n"
        except (LookupError, ValueError):
            raise ConfigError(
                f"dataset.encoding '{self.encoding}' is unknown; try utf-8 or latin-1"
            ) from None
        if not kept:
            raise ConfigError(
                f"dataset.encoding '{self.encoding}' cannot be read line by line; save the file "
                "as utf-8"
            )
