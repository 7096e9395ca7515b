"""A data set that is ready for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.source import DataFile, SourceData, TruePreferences
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A prepared data set, with the counts and files that runs report.

    Attributes:
        split: the parts and the ids.
        title: titles of the items in the order of the indices, "" where unknown; None without any.
        funnel: every row dropped, by cause.
        quarantine: lines that could not be read and were left out.
        num_rows: raw rows of the source.
        own_split_unused: whether the data set comes with a split that is not used.
        files: the files that it was read from.
        preferences: the true scores, only for a synthetic data set.
        notes: lines to log about how the files were understood.
        attributes: of the items in the order of the indices; None if no item has any.
    """

    split: Split
    title: NDArray[np.character] | None
    funnel: Funnel
    quarantine: tuple[BadLine, ...]
    num_rows: int
    own_split_unused: bool
    files: tuple[DataFile, ...]
    preferences: TruePreferences | None
    notes: tuple[str, ...] = ()
    attributes: ItemAttributes | None = None


def titles_by_index(source: SourceData, split: Split) -> NDArray[np.character] | None:
    """Titles in the order of the item indices, "" where none is known; None without any.

    Raises:
        DataError: no item has a title.
    """
    if source.titles is None:
        return None
    ids, titles = source.titles
    index = split.items.index(ids)
    if not (index >= 0).any():
        raise DataError(
            f"none of the {len(split.items):,} items has a title in the file of titles; check the "
            f"file and its column of ids: the items have ids such as '{split.items.ids[0]}'"
            + (f", the titles ids such as '{ids[0]}'" if len(ids) else "")
        )
    by_index = np.full(len(split.items), "", dtype=titles.dtype)
    by_index[index[index >= 0]] = titles[index >= 0]
    return by_index


def attributes_by_index(source: SourceData, split: Split) -> ItemAttributes | None:
    """Attributes in the order of the item indices; None if no item has any."""
    if source.attributes is None:
        return None
    ids, attributes = source.attributes
    by_index = attributes.placed(split.items.index(ids), len(split.items))
    return by_index if len(by_index.index) else None
