"""The titles and attributes of a table's items, from a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.source import AttributesOfIds
from graphrec_cli.data.sources.table_rows import shown_values
from graphrec_cli.data.tables.columns import MAX_TITLE_LENGTH, TextColumn
from graphrec_cli.data.tables.guess_columns import bare_name, pick_column, refuse_unused_names
from graphrec_cli.data.tables.open_table import TableFile, open_table
from graphrec_cli.data.tables.text_ids import TextIdColumn
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import counted


def check_titles(path: Path, config: TableConfig, item: str) -> None:
    """Refuse a file of items whose first lines do not fit the configuration.

    Args:
        path: the file.
        config: the layout and the columns.
        item: the name of the table's column of item ids.

    Raises:
        ConfigError: a key does not apply to the file.
        DataError: a column is missing, or a first row is faulty.
    """
    file = open_table(path, config.items_format())
    file.check_first_rows(_title_columns(file, config, item))


class ItemTexts(NamedTuple):
    """What a file says about the items of a table.

    Attributes:
        titles: ids and the first title of each.
        attributes: the same ids and their attributes; None if no column is configured.
        notes: lines to log.
    """

    titles: Titles
    attributes: AttributesOfIds | None
    notes: list[str]


def read_item_texts(path: Path, config: TableConfig, item: str, known: CodedTexts) -> ItemTexts:
    """Read the titles of the table's items, and their attributes if a column is configured.

    If an id is repeated, its first row is used.

    Raises:
        DataError: the file is faulty, or no item has a title, or none an attribute.
    """
    import pandas as pd

    file = open_table(path, config.items_format())
    columns = _title_columns(file, config, item)
    arrays = file.read(columns)
    ids, titles, *cells = (np.asarray(arrays[column.name], dtype=object) for column in columns)
    series = pd.Series(ids, dtype=object)
    is_known = series.isin(known.present()).to_numpy()
    chosen = is_known & ~series.duplicated().to_numpy()
    if not chosen.any():
        raise DataError(
            f"none of the {len(known.present()):,} items has a title in the file of titles; check "
            f"{path} and its column of ids, dataset.items_id: {columns[0].name} has ids such as "
            f"{_some(ids)}, and the items have ids such as {_some(known)}"
        )
    different = pd.DataFrame({"id": ids[is_known], "title": titles[is_known]}).drop_duplicates()
    several = int((different["id"].value_counts() > 1).sum())
    notes = [
        f"warning: {counted(several, 'item')} with several titles in {path}: the first is used"
    ]
    known_ids, attributes = ids[chosen].astype(np.str_), None
    if cells:
        attributes = ItemAttributes.from_cells(cells[0][chosen])
        if not len(attributes.index):
            raise DataError(
                f"{path}: {columns[-1].name}, which dataset.items_attributes names, is empty for "
                "all items of the table"
            )
    return ItemTexts(
        titles=(known_ids, titles[chosen].astype(np.str_)),
        attributes=None if attributes is None else (known_ids, attributes),
        notes=notes[: bool(several)],
    )


def _title_columns(
    file: TableFile, config: TableConfig, item: str
) -> list[TextIdColumn | TextColumn]:
    """The columns of item ids, of titles and, if configured, of attributes.

    Args:
        item: the table's name of the first.
    """
    header = list(file.kinds)
    same = item if item in map(bare_name, header) else None
    id_column = pick_column(
        "items_id", config.items_id or same, header, file.path, needed=True, inner=file.inner
    )
    title_column = pick_column(
        "items_title", config.items_title, header, file.path, needed=True, inner=file.inner
    )
    assert id_column is not None
    assert title_column is not None
    texts = [title_column]
    if config.items_attributes is not None:
        attributes = pick_column(
            "items_attributes",
            config.items_attributes,
            header,
            file.path,
            needed=True,
            inner=file.inner,
        )
        assert attributes is not None
        texts.append(attributes)
    if config.items_columns is not None:
        refuse_unused_names("dataset.items_columns", config.items_columns, [id_column, *texts])
    quoted = config.items_format().quoted
    return [
        TextIdColumn(id_column, missing=(), may_be_quoted=not quoted),
        *(TextColumn(name, max_length=MAX_TITLE_LENGTH, may_be_empty=True) for name in texts),
    ]


def _some(ids: NDArray[np.object_] | CodedTexts) -> str:
    """The first distinct ids, for a message."""
    return shown_values(list(dict.fromkeys(map(str, ids[:100].tolist())))[:3])
