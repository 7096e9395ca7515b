"""Book-Crossing: BX-Book-Ratings.csv and, for titles, BX-Books.csv, with their bad lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.data.files.archive import archive_name, find_or_fetch
from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.columns import MAX_ID_LENGTH, MAX_TITLE_LENGTH
from graphrec_cli.data.tables.encodings import utf_8_or
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.line_records import LineRecords, check_header, read_line_records
from graphrec_cli.data.tables.quarantine import BadLine, refuse_too_many
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import DataError

RATINGS, BOOKS = "BX-Book-Ratings.csv", "BX-Books.csv"
USER, ITEM, RATING, TITLE = "User-ID", "ISBN", "Book-Rating", "Book-Title"
LAYOUT = Layout(separator=";", encoding="latin-1")


def find_book_crossing(config: BookCrossingConfig, *, data_dir: Path) -> dict[str, Path]:
    """BX-Book-Ratings.csv, downloaded if missing, and BX-Books.csv if it exists.

    Args:
        config: folder and address.
        data_dir: the folder that holds ``config.folder``.

    Returns:
        Paths by the plain file's name.

    Raises:
        DataError: the ratings are missing and cannot be fetched.
    """
    folder = data_dir / config.folder
    paths = {
        RATINGS: find_or_fetch(folder, [RATINGS], config.archive, fetch=config.download)[0],
        BOOKS: find_file(folder, BOOKS, archive_name(config.archive)),
    }
    return {name: path for name, path in paths.items() if path is not None}


def check_book_crossing(config: BookCrossingConfig, paths: Mapping[str, Path]) -> None:
    """Refuse files whose header line lacks a column.

    Raises:
        DataError: naming the file and the column.
    """
    check_header(paths[RATINGS], (USER, ITEM, RATING), LAYOUT)
    if BOOKS in paths:
        check_header(paths[BOOKS], (ITEM, TITLE), LAYOUT)


def load_book_crossing(config: BookCrossingConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the ratings, and the titles if their file exists.

    Bad lines are skipped and returned in ``quarantine``. Those of the ratings are counted in the
    funnel by reason; those of BX-Books.csv only cost a title, and are counted in the note
    ``title_lines_left_out``.

    Args:
        config: the share of bad lines allowed.
        files: what ``find_book_crossing`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows of the one signal ``rating``, 0 for a book without a rating, in the file's order, user
        ids and ISBNs as they are written.

    Raises:
        DataError: a file is damaged, or has too many bad lines.
    """
    path = files.paths[RATINGS]
    records = read_line_records(path, (USER, ITEM, RATING), _layout(path))
    rating = _ratings(records.columns[RATING])
    faults = _id_faults(records, USER) | _id_faults(records, ITEM)
    faults |= {f"{RATING} is no number from 0 to 10": np.isnan(rating)}
    kept, bad = _part(records, faults)
    num_lines = len(kept) + len(bad)
    refuse_too_many(path, bad, num_lines=num_lines, share=config.max_bad_lines)
    if not len(kept):
        raise DataError(f"{path} has no ratings; check that the file is complete")
    funnel = Funnel(num_lines)
    for reason in sorted({line.reason for line in bad}):
        dropped = sum(line.reason == reason for line in bad)
        funnel.drop("read", f"bad line, kept in the quarantine: {reason}", dropped)

    titles = None
    bad_titles: list[BadLine] = []
    if BOOKS in files.paths:
        titles, bad_titles = _titles(files.paths[BOOKS], records.columns[ITEM][kept])
        funnel.note("title_lines_left_out", len(bad_titles))
    table = RawTable(
        user_id=records.columns[USER][kept],
        item_id=records.columns[ITEM][kept],
        rating=rating[kept],
        timestamp=None,
        signal=np.zeros(len(kept), dtype=np.int8),
        signal_names=("rating",),
    )
    return SourceData(
        table=table,
        funnel=funnel,
        titles=titles,
        files=files.on_disk,
        quarantine=(*bad, *bad_titles),
    )


def _layout(path: Path) -> Layout:
    """The published files are latin-1; copies may have been saved as UTF-8."""
    return replace(LAYOUT, encoding=utf_8_or(path, LAYOUT.encoding))


def _titles(path: Path, rated: NDArray[np.object_]) -> tuple[Titles, list[BadLine]]:
    """Rated ISBNs and their titles, the first of each that is repeated, and the bad lines."""
    import pandas as pd

    records = read_line_records(path, (ITEM, TITLE), _layout(path))
    faults = _id_faults(records, ITEM)
    faults[f"{TITLE} is longer than {MAX_TITLE_LENGTH} characters"] = _longer(
        records.columns[TITLE], MAX_TITLE_LENGTH
    )
    kept, bad = _part(records, faults)
    isbn = pd.Series(records.columns[ITEM][kept])
    chosen = kept[(isbn.isin(pd.unique(rated)) & ~isbn.duplicated()).to_numpy()]
    ids, title = records.columns[ITEM][chosen], records.columns[TITLE][chosen]
    return (ids.astype(np.str_), title.astype(np.str_)), bad


def _part(
    records: LineRecords, faults: dict[str, NDArray[np.bool_]]
) -> tuple[NDArray[np.int64], list[BadLine]]:
    """Positions of the rows without a fault, and all bad lines in the file's order."""
    faulty = np.zeros(len(records.line), dtype=np.bool_)
    bad = list(records.bad)
    for reason, mask in faults.items():
        numbers = records.line[mask & ~faulty].tolist()
        bad += [records.bad_line(number, reason) for number in numbers]
        faulty |= mask
    return np.flatnonzero(~faulty), sorted(bad, key=lambda line: line.line)


def _id_faults(records: LineRecords, name: str) -> dict[str, NDArray[np.bool_]]:
    import pandas as pd

    codes, distinct = pd.factorize(records.columns[name])
    text = pd.Series(distinct, dtype=object).str
    return {
        f"{name} is empty": (text.strip() == "").to_numpy(dtype=np.bool_)[codes],
        f"{name} is longer than {MAX_ID_LENGTH} characters": (
            _longer(distinct, MAX_ID_LENGTH)[codes]
        ),
    }


def _longer(text: NDArray[np.object_], most: int) -> NDArray[np.bool_]:
    import pandas as pd

    return (pd.Series(text, dtype=object).str.len() > most).to_numpy(dtype=np.bool_)


def _ratings(text: NDArray[np.object_]) -> NDArray[np.float32]:
    """Ratings, NaN for anything that is not a number from 0 to 10."""
    import pandas as pd

    codes, distinct = pd.factorize(text)
    number = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce").to_numpy(np.float64)
    number = np.where((number >= 0) & (number <= 10), number, np.nan)
    return number[codes].astype(np.float32)


BOOK_CROSSING = Source(find_book_crossing, load_book_crossing, check_book_crossing)
