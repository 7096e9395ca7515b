"""Compare the texts of a column with those of a condition (``dataset.where``)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.condition import Comparison
from graphrec_cli.data.tables.cells import distinct_texts, is_missing, parsed_number
from graphrec_cli.data.tables.time_values import nanoseconds_of_dates, parsed_dates
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

_IN_ORDER = re.compile(r"\d{4}([-/.]\d\d([-/.]\d\d)?)?($|[ Tt])|\d\d:\d\d")
"""Texts that begin with a date, or a time of the day, whose characters are in the order of time."""
_ZONED = re.compile(r"^\d{4}.*\d\d:\d\d(:\d\d(\.\d+)?)? ?([Zz]|UTC|[+-]\d\d:?\d\d)$")
_DATE = re.compile(r"\d{4}[-/.]\d\d([-/.]\d\d)?")
TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""By operator."""


def compare_texts(
    comparison: Comparison, cells: pa.ChunkedArray, *, complete: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The rows with a value, and whether each matches; ``complete`` if no further rows follow."""
    texts, place = distinct_texts(cells.drop_null())
    texts = np.array([text.strip() for text in texts], dtype=object)
    wanted = [str(value).strip() for value in comparison.values]
    any_of = frozenset(wanted)
    present = [text for text in texts if not is_missing(text)]
    if comparison.operator not in ("=", "!="):
        _refuse_other_order(comparison, wanted[0], present, complete=complete)
    if comparison.operator == "=":
        matches = [text in any_of for text in texts]
    elif comparison.operator == "!=":
        matches = [text != wanted[0] for text in texts]
    elif any(_ZONED.search(text) for text in (wanted[0], *present)):
        times = _times_of(comparison, [wanted[0], *present])
        matched = TESTS[comparison.operator](times[1:], times[0])
        of_present = dict(zip(present, matched.tolist(), strict=True))
        matches = [of_present.get(text, False) for text in texts]
    else:
        limit = _in_form(wanted[0])
        matches = [TESTS[comparison.operator](_in_form(text), limit) for text in texts]
    has_value = np.array([text != "" for text in texts], dtype=np.bool_)
    rows = np.flatnonzero(cells.is_valid().to_numpy())[has_value[place]]
    return rows.astype(np.int64), np.array(matches, dtype=np.bool_)[place[has_value[place]]]


def _in_form(text: str) -> str:
    """A text that begins with a date in one form, so that its order is that of others."""
    date = _DATE.match(text)
    if date is None:
        return text
    return date[0].replace("/", "-").replace(".", "-") + re.sub("^[Tt]", " ", text[date.end() :])


def _times_of(comparison: Comparison, texts: Sequence[str]) -> NDArray[np.int64]:
    """Nanoseconds of texts of which some have a zone; the others are UTC."""
    times = nanoseconds_of_dates(
        parsed_dates(np.array([_in_form(text) for text in texts], dtype=object), None)
    )
    if times is None:
        raise DataError(
            f"dataset.where orders {comparison.column} by "
            f"'{shorten(str(comparison.values[0]), 40)}', and some of these times have a zone, but "
            "not every text is a date; write all of them as 2024-01-31T18:30:00+01:00"
        )
    return times


def has_texts(comparison: Comparison) -> bool:
    """Whether the values are texts, not numbers."""
    return isinstance(comparison.values[0], str)


def other_kind(comparison: Comparison, kind: str, write: str) -> DataError:
    """The error for values that are not of the kind of the column."""
    value = comparison.values[0]
    shown = f"the text '{shorten(value, 40)}'" if isinstance(value, str) else f"number {value}"
    return DataError(
        f"dataset.where compares {comparison.column} with {shown}, but the column has {kind}; "
        f"write {write}"
    )


def _refuse_other_order(
    comparison: Comparison, wanted: str, texts: Sequence[str], *, complete: bool
) -> None:
    """Refuse an order of numbers, or of dates with the day first, that characters do not give.

    Further rows, if ``texts`` is not complete, change nothing about what is refused.
    """
    dates = (wanted, *texts) if wanted[:1].isdigit() else ()
    other = next((text for text in dates if not _IN_ORDER.match(text)), None)
    numbers = bool(texts) and all(parsed_number(text) is not None for text in texts)
    if numbers and (complete or other is not None):
        # As texts, '10' is below '9', and every time in seconds is below '2022-01-01'.
        raise other_kind(comparison, "numbers", "a number without quotes")
    if other is not None:
        raise DataError(
            f"dataset.where orders {comparison.column} by '{shorten(wanted, 40)}', but "
            f"'{shorten(other, 40)}' is no ISO date, and texts are ordered character by character; "
            "write a number without quotes and leave only numbers in the column, or write the "
            "column's dates as 2024-01-31"
        )
