"""Book-Crossing through the command: bad lines in the quarantine, and the notebook's filters."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

BAD = ('"7";"cut', '"8";"0001";"11"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30 users with 8 of 20 books each, rated 0 to 10, and two bad lines in 242."""
    rows = [
        f'"{user}";"0{book % 20:02d}X";"{(user + step) % 11}"'
        for user in range(30)
        for step, book in enumerate(range(user, user + 8))
    ]
    path = tmp_path / "data" / "book-crossing"
    path.mkdir(parents=True)
    lines = ['"User-ID";"ISBN";"Book-Rating"', *rows[:100], *BAD, *rows[100:]]
    (path / "BX-Book-Ratings.csv").write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
    books = ['"ISBN";"Book-Title"', *(f'"0{book:02d}X";"Book \xe9{book}"' for book in range(20))]
    (path / "BX-Books.csv").write_text("\r\n".join(books), encoding="latin-1")
    return path


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ("book_crossing", []),
        ("book_crossing_explicit", ["dataset.k_core.min_item_interactions=3"]),
        ("book_crossing_implicit", ["dataset.k_core.min_user_interactions=2"]),
    ],
)
def test_a_run_keeps_its_bad_lines(
    full_size: Callable[..., Any],
    small: tuple[str, ...],
    folder: Path,
    option: str,
    kept: list[str],
) -> None:
    done = full_size("train", f"dataset={option}", "dataset.download=false", *small, *kept)
    assert done.code == 0, done.err
    with (done.run / "quarantine.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["text"]) for row in rows] == [("102", BAD[0]), ("103", BAD[1])]
    assert {row["file"] for row in rows} == {"BX-Book-Ratings.csv"}
    funnel = json.loads((done.run / "funnel.json").read_text(encoding="utf-8"))
    dropped: Counter[str] = Counter()
    for step in funnel["steps"]:
        dropped[step["stage"]] += step["rows_dropped"]
    assert (funnel["rows_read"], dropped["read"]) == (242, 2)
    zeros = sum((user + step) % 11 == 0 for user in range(30) for step in range(8))
    first = "prefilter.threshold" if option == "book_crossing_implicit" else "threshold"
    assert dropped[first] == zeros
    assert "wrote 2 bad lines to" in done.err
    assert full_size("evaluate", str(done.run)).code == 0


def test_too_many_bad_lines_end_the_run(
    full_size: Callable[..., Any], small: tuple[str, ...], folder: Path
) -> None:
    done = full_size(
        "train",
        "dataset=book_crossing",
        "dataset.download=false",
        *small,
        "dataset.max_bad_lines=0.001",
    )
    assert done.code == 3
    assert "the first is line 102 (its quotes do not match)" in done.err.splitlines()[-1]
    (kept,) = done.folder.glob("outputs/*/quarantine.csv")
    assert "102" in {row["line"] for row in csv.DictReader(kept.read_text("utf-8").splitlines())}
    assert "Traceback" not in done.err
