"""Files in the layouts of the published data sets, sound and damaged, against another reader."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
from campaign import REFUSED, RIGHT, Case
from published_layouts import LAYOUTS, Layout, read_ratings
from table_damage import damaged
from table_truth import Faulty

from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.data.sources.book_crossing import BOOK_CROSSING
from graphrec_cli.errors import DataError

TIME = 3
"""Place of the times among the columns of MovieLens."""
NAMES = ("User-ID", "ISBN")
BOOKS = Path("books/BX-Book-Ratings.csv")
BOOKS_HEADER = b'"User-ID";"ISBN";"Book-Rating"'
SIMPLE = re.compile(r'("[^"\\\r;]*";){2}"[^"\\\r;]*"\r?')
SOUND = re.compile(rb'^"[0-9]{1,20}";"[0-9]{1,20}[0-9X]";"[0-9]"\r?$', re.MULTILINE)


def published(folder: Path) -> Case:
    """A folder for each data set."""
    for path in (*(layout.path for layout in LAYOUTS), BOOKS):
        (folder / path).parent.mkdir()

    def case(rng: random.Random) -> str:
        return book_crossing(rng) if rng.random() < 0.25 else in_layout(rng, rng.choice(LAYOUTS))

    return case


def in_layout(rng: random.Random, layout: Layout) -> str:
    """Ratings are refused with the file's name, or equal those of the other reader."""
    lines = [layout.separator.join(layout.names)] if layout.header else []
    for _ in range(rng.choice([1, 5, 50])):
        user = rng.randrange(10 ** rng.choice([1, 3, 18]))
        cells = [user, rng.randrange(1000), rng.randint(1, 5), rng.randrange(10**9)]
        lines.append(layout.separator.join(map(str, cells[: len(layout.names)])))
    content = damaged(rng, rng.choice(["\n", "\r\n"]).join([*lines, ""]).encode())
    layout.path.write_bytes(content)
    truth: tuple[list[list[float]], bool] | Faulty
    try:
        truth = read_ratings(content, layout)
    except Faulty as fault:
        truth = fault
    try:
        table = layout.load().table
    except DataError as error:
        due = isinstance(truth, Faulty) or not truth[1]
        return refused(str(error), layout.path, due=due)
    assert not isinstance(truth, Faulty), f"accepted in spite of {truth}"
    columns = [table.user_id, table.item_id, table.rating, table.timestamp]
    for place, name in enumerate(layout.names):
        found = columns[place]
        assert found is not None, f"no {name}"
        if place == TIME:
            found = np.asarray(found) // 10**9
        assert found.tolist() == [row[place] for row in truth[0]], f"other values of {name}"
    return RIGHT


def book_crossing(rng: random.Random) -> str:
    """Every line is a row or in the quarantine, and a row has the values of its line."""
    lines = [BOOKS_HEADER]
    for _ in range(rng.choice([1, 5, 50])):
        isbn = rng.choice([b"0425115801", b"034545104X", b"a;b", b"\xe9", b"", b'n\\"a'])
        lines.append(b'"%d";"%s";"%d"' % (rng.randrange(99), isbn, rng.randint(0, 11)))
    content = damaged(rng, rng.choice([b"\n", b"\r\n"]).join([*lines, b""]))
    BOOKS.write_bytes(content)
    zip_file = RemoteFileConfig(url="https://example.org/none.zip")
    config = BookCrossingConfig(folder="books", download=False, archive=zip_file, max_bad_lines=1.0)
    header, *text = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n")
    try:
        source = BOOK_CROSSING.read(config, data_dir=Path(), seed=0)
    except DataError as error:
        has_header = header.removesuffix("\r").encode("latin-1") == BOOKS_HEADER
        return refused(str(error), BOOKS, due=not (has_header and SOUND.search(content)))
    numbered = [(place, line) for place, line in enumerate(text, start=2) if line.strip(" \t\r")]
    bad = {line.line for line in source.quarantine}
    kept = [line for place, line in numbered if place not in bad]
    assert len(kept) == len(source.table), f"{len(source.table)} rows of {len(kept)} lines"
    places = [header.removesuffix("\r").replace('"', "").split(";").index(name) for name in NAMES]
    for line, user, item in zip(kept, source.table.user_id, source.table.item_id, strict=True):
        if SIMPLE.fullmatch(line):
            cells = line.removesuffix("\r").replace('"', "").split(";")
            wanted = [cells[place] for place in places]
            assert wanted == [user, item], f"{wanted} became {user!r} and {item!r}"
    return RIGHT


def refused(message: str, path: Path, *, due: bool) -> str:
    """Check that a refusal is right, names the file and says what is wrong.

    Raises:
        AssertionError: it does not.
    """
    assert due, f"sound ratings are refused: {message}"
    assert path.name in message, f"the file is not named: {message}"
    assert "a check failed" not in message, f"no reason is given: {message}"
    return REFUSED
