"""The genres of MovieLens: flags in u.item, words in the other editions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.source import AttributesOfIds
from graphrec_cli.data.tables.columns import MAX_TITLE_LENGTH, IdColumn, NumberColumn, TextColumn
from graphrec_cli.data.tables.csv_rows import read_head
from graphrec_cli.data.tables.encodings import utf_8_or
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.read_csv import read_csv_columns

ABSENT = "(no genres listed)"
FLAGS = (
    *("Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western"),
)
"""The genres of MovieLens-100K, each a column of u.item; before them is one for "unknown"."""


def read_genres(path: Path, id_column: str, layout: Layout) -> AttributesOfIds | None:
    """Ids of the films, ascending and distinct, and their genres; None if the file has none.

    If an id is repeated, its first row is used.

    Args:
        path: the file of the titles.
        id_column: the column with the ids of the films.
        layout: how its lines are written; a file that is UTF-8 is read as such.

    Raises:
        DataError: the file is damaged, or has a faulty line.
    """
    layout = replace(layout, encoding=utf_8_or(path, layout.encoding))
    header, _ = read_head(path, layout)
    if set(FLAGS) <= set(header):
        columns = [NumberColumn(name, low=0, high=1) for name in FLAGS]
        arrays = read_csv_columns(path, (IdColumn(id_column), *columns), layout)
        film, genre = np.nonzero(np.stack([arrays[name] for name in FLAGS], axis=1))
        genres = ItemAttributes.from_pairs(film, np.array(FLAGS)[genre], len(arrays[id_column]))
    else:
        words = next((name for name in header if name.lower() == "genres"), None)
        if words is None:
            return None
        cells = TextColumn(words, max_length=MAX_TITLE_LENGTH, may_be_empty=True)
        arrays = read_csv_columns(path, (IdColumn(id_column), cells), layout)
        genres = ItemAttributes.from_cells(np.asarray(arrays[words], dtype=object), [ABSENT])
    ids, first = np.unique(np.asarray(arrays[id_column], dtype=np.int64), return_index=True)
    place = np.full(len(arrays[id_column]), -1)
    place[first] = np.arange(len(ids))
    return ids, genres.placed(place, len(ids))
