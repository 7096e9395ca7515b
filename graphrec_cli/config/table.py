"""Any table of interactions: its file, its format and its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from graphrec_cli.config.checks import Distinct, Finite, check_fields
from graphrec_cli.config.dataset import DatasetConfig, KCoreConfig, no_k_core
from graphrec_cli.config.encoding import Encoding
from graphrec_cli.config.time_format import TimeFormat
from graphrec_cli.config.where import Where
from graphrec_cli.errors import ConfigError


class Separator(Enum):
    """What stands between the fields of a line."""

    comma = ","
    tab = "\t"
    semicolon = ";"
    pipe = "|"
    space = " "
    double_colon = "::"
    blanks = " \t"
    """Any run of spaces and tabs."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFormat:
    """How a file of delimited text is written.

    Attributes:
        prefix: of the keys that say so, such as ``dataset.``.
        given: the keys without the prefix that are set and apply only to text.
        separator: between fields; None if the file's ending decides.
        quoted: whether fields may be in double quotes.
        encoding: of the text.
        comment: how lines begin that are skipped; None if such lines are an error.
        columns: names of all columns, None if the first line has them.
    """

    prefix: str
    given: tuple[str, ...]
    separator: Separator | None
    quoted: bool
    encoding: str
    comment: str | None
    columns: tuple[str, ...] | None


class MissingPolicy(Enum):
    """What to do with a row whose id, rating, time or weight is empty."""

    error = "error"
    """End with an error that names the line."""
    skip = "skip"
    """Leave the row out and count it in funnel.json."""


@dataclass(kw_only=True, slots=True)
class TableConfig(DatasetConfig):
    """A csv, tsv, parquet, JSON lines or RecBole .inter file, one interaction per row."""

    name: str = "table"
    path: str = ""
    """The file: plain, .gz, .zip, .xz, .bz2 or .zst. It is required. A relative path is looked up
    in the working directory, then in data_dir."""
    valid_path: str | None = None
    """File of the valid part, written like the table; null: no valid part. It needs
    dataset.test_path."""
    test_path: str | None = None
    """File of the test part, written like the table, which is then the train part; it needs
    split=predefined. null: split=.. divides the table."""
    user: str | None = None
    """Column of user ids; null: a common name such as user_id."""
    item: str | None = None
    """Column of item ids; null: a common name such as item_id, movieId or isbn."""
    rating: str | None = None
    """Column of ratings; null: a common name, if any; '': no ratings."""
    timestamp: str | None = None
    """Column of timestamps; null: a common name, if any; '': no timestamps."""
    weight: str | None = None
    """Column of weights above 0, such as play counts, for sampler.by=weight; null: no weights. No
    column is taken as weights by its name."""
    where: Annotated[str | None, Where()] = None
    """Rows to keep, such as event in ('view', 'buy') and price >= 10; null: all. Columns are
    compared with numbers and texts in single quotes by =, !=, <, <=, >, >= and in; is null keeps
    empty cells."""
    signal: str | None = None
    """Column that says what a row is, such as event; it needs dataset.signals. null: all rows are
    alike."""
    signals: Annotated[list[str] | None, Distinct()] = None
    """Values of dataset.signal to keep, the strongest first, such as [buy,cart,view]; of several
    rows of a pair the strongest stands for it. Rows with other values are dropped and counted."""
    k_core: KCoreConfig = field(default_factory=no_k_core)
    rating_threshold: Annotated[float | None, Finite()] = None
    """Ratings of at least this value are positives; null: every row is."""
    time_unit: TimeUnit = TimeUnit.auto
    """Format of the timestamps. s, ms, us, ns: numbers of seconds, milliseconds, microseconds,
    nanoseconds. date: ISO dates or times, UTC without a zone. auto: detected."""
    time_format: Annotated[str | None, TimeFormat()] = None
    """strptime format of the timestamps, such as %m/%d/%Y, UTC without %z; null: time_unit."""
    on_missing: MissingPolicy = MissingPolicy.error
    """A row with an empty id, rating, timestamp or weight. error: end the run. skip: leave the row
    out and count it."""
    missing_ids: list[str] | None = None
    """Words that stand for a missing id, such as [unknown,-1]. []: none. null: those that pandas,
    SQL and spreadsheets write, such as nan, NULL, None and N/A."""
    separator: Separator | None = None
    """What stands between fields; double_colon: ::, blanks: any run of spaces and tabs, without
    quotes; null: tab in .tsv, .tab, .txt, .inter and .item files, else comma."""
    quoted: bool = True
    """Fields of text may be in double quotes. false: quotes are part of the text and of ids."""
    encoding: Annotated[str, Encoding()] = "utf-8"
    """Text encoding. A byte-order mark is skipped, and that of UTF-16 decides; utf-16-le and
    utf-16-be are UTF-16 without a mark."""
    comment: str | None = None
    """Skip lines that begin with this text, such as %; '': no line is a comment; null: a first line
    that looks like a comment is an error."""
    columns: Annotated[list[str] | None, Distinct()] = None
    """Names of all columns, for a file without a header line; null: the first line has them.
    Columns that are not read have a name that begins with _."""
    items_path: str | None = None
    """File of item titles; null: no titles."""
    items_separator: Separator | None = None
    """Its separator; null: that of the table, if it is set, else by the file's ending."""
    items_quoted: bool | None = None
    """Its fields may be in double quotes; null: as in the table."""
    items_encoding: Annotated[str | None, Encoding()] = None
    """Its encoding; null: that of the table."""
    items_columns: Annotated[list[str] | None, Distinct()] = None
    """Names of all its columns, if it has no header line; null: the first line has them."""
    items_id: str | None = None
    """Its column of item ids; null: the name of the item column, then a common name."""
    items_title: str | None = None
    """Its column of titles; null: a common name such as title."""
    items_attributes: str | None = None
    """Its column of attributes such as genres, with | between them; null: none."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        if not self.path:
            raise ConfigError("dataset.path must name the table's file: dataset.path=ratings.csv")
        for key in NOT_EMPTY:
            if getattr(self, key) == "":
                raise ConfigError(f"dataset.{key} must name a column or a file, or be null, got ''")
        for key, default in (("time_format", None), ("time_unit", TimeUnit.auto)):
            if self.timestamp == "" and getattr(self, key) is not default:
                raise ConfigError(
                    f"dataset.{key} needs timestamps, but dataset.timestamp is ''; remove one"
                )
        if self.time_format is not None and self.time_unit is not TimeUnit.auto:
            raise ConfigError(
                f"dataset.time_format and dataset.time_unit={self.time_unit.name} contradict each "
                "other; set one of them"
            )
        if self.valid_path is not None and self.test_path is None:
            raise ConfigError(
                "dataset.valid_path needs a test part; set dataset.test_path and split=predefined"
            )
        if (self.signal is None) != (self.signals is None):
            raise ConfigError(
                "dataset.signal and dataset.signals need each other: a column and its values, as "
                "in dataset.signal=event dataset.signals=[buy,view]"
            )
        if self.signals is not None and len(self.signals) > MAX_SIGNALS:
            raise ConfigError(
                f"dataset.signals must have at most {MAX_SIGNALS} values, got {len(self.signals)}"
            )
        for key in ITEMS_KEYS:
            if self.items_path is None and getattr(self, key) is not None:
                raise ConfigError(f"dataset.{key} needs a file of titles; set dataset.items_path")
        if self.comment is not None and (self.comment.strip() != self.comment):
            raise ConfigError(
                f"dataset.comment must not begin or end with blanks, got '{self.comment}'"
            )

    def has_weights(self) -> bool:
        """Whether rows have a weight."""
        return self.weight is not None

    def text_format(self) -> TextFormat:
        """How the table is written if it is text."""
        keys = ("columns", "separator", "encoding", "comment")
        defaults = {"encoding": "utf-8"}
        return TextFormat(
            prefix="dataset.",
            given=tuple(key for key in keys if getattr(self, key) != defaults.get(key)),
            separator=self.separator,
            quoted=self.quoted,
            encoding=self.encoding,
            comment=self.comment,
            columns=None if self.columns is None else tuple(self.columns),
        )

    def items_format(self) -> TextFormat:
        """How the file of titles is written if it is text."""
        keys = ("columns", "separator", "encoding")
        return TextFormat(
            prefix="dataset.items_",
            given=tuple(key for key in keys if getattr(self, f"items_{key}") is not None),
            separator=self.items_separator or self.separator,
            quoted=self.quoted if self.items_quoted is None else self.items_quoted,
            encoding=self.items_encoding or self.encoding,
            comment=self.comment,
            columns=None if self.items_columns is None else tuple(self.items_columns),
        )


NOT_EMPTY = (
    *("valid_path", "test_path", "user", "item", "weight", "signal"),
    *("items_path", "items_id", "items_title", "items_attributes"),
)
"""Keys that name a column or a file, or are null."""
MAX_SIGNALS = 100
"""A row has the place of its signal in one byte."""
ITEMS_KEYS = (
    "items_id",
    "items_title",
    "items_attributes",
    "items_separator",
    "items_quoted",
    "items_encoding",
    "items_columns",
)
"""Keys that only mean something with ``items_path``."""
